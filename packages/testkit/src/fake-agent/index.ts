export { type AgentRequest, type Behaviour, createFakeAgent, type FakeAgent } from './fake-agent.js';
