import { AgentCard } from '@a2a-js/sdk';
import type { Adapter } from '../adapters/adapter.js';
import type { RuntimeConfig } from '../config/runtime-config.js';

export interface CardOptions {
  readonly config: RuntimeConfig;
  readonly adapter: Adapter;
  readonly url: string;
  /** Why the demo behaviour answers instead of the runtime that was asked for; null when nothing was replaced. */
  readonly fallbackReason: string | null;
}

/** The card as the protocol defines it. Serves 1.0 and, under its own interface, 0.3 clients. */
export function createCard({ config, adapter, url, fallbackReason }: CardOptions): AgentCard {
  const jsonRpc = { url, protocolBinding: 'JSONRPC', tenant: '' };
  const notes = [adapter.demo ? 'Demo: answers are generated without a model.' : '', fallbackReason ?? ''];
  return {
    name: config.name,
    description: [config.description || config.role || config.name, ...notes].filter((text) => text !== '').join(' '),
    version: config.version,
    supportedInterfaces: [
      { ...jsonRpc, protocolVersion: '1.0' },
      { ...jsonRpc, protocolVersion: '0.3' },
    ],
    provider: undefined,
    capabilities: { streaming: true, pushNotifications: false, extensions: [] },
    securitySchemes: {},
    securityRequirements: [],
    defaultInputModes: ['text/plain'],
    defaultOutputModes: ['text/plain'],
    skills: skillsOf(config),
    signatures: [],
  };
}

function skillsOf(config: RuntimeConfig): AgentCard['skills'] {
  const skill = (id: string, name: string, description: string) => ({
    id,
    name,
    description,
    tags: ['molecule'],
    examples: [],
    inputModes: [],
    outputModes: [],
    securityRequirements: [],
  });
  // Clients of 1.0 expect at least one skill.
  if (config.skills.length === 0) return [skill('chat', 'Chat', config.description || `Talk to ${config.name}.`)];
  return config.skills.map((name) => skill(name, name, `Skill ${name} of ${config.name}.`));
}

/**
 * What the platform and canvas read besides the standard fields (design §10). Kept at the top level of the JSON card:
 * readers of the standard ignore keys they do not know.
 */
export function cardExtras({ adapter, config, fallbackReason }: CardOptions): Readonly<Record<string, unknown>> {
  return {
    demo: adapter.demo,
    runtime: config.runtime,
    adapter: adapter.name,
    model: adapter.model,
    ...(fallbackReason ? { demo_reason: fallbackReason } : {}),
  };
}

/** The same card in the form 0.3 clients read, with the 1.0 interfaces beside it: what most clients ask for. */
export function createLegacyCard(card: AgentCard): Readonly<Record<string, unknown>> {
  return {
    // The SDK types its JSON as unknown; a card is an object.
    ...(AgentCard.toJSON(card) as Record<string, unknown>),
    url: card.supportedInterfaces[0]?.url,
    preferredTransport: 'JSONRPC',
    protocolVersion: '0.3.0',
  };
}
