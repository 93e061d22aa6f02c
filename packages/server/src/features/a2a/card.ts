import { AgentCard } from '@a2a-js/sdk';
import { isJsonObject, type JsonObject, textOf } from '../../proxy/json.js';
import type { Visit } from './visit.js';

/** The path below an endpoint where the protocol has its card. */
const SCHEME = 'bearer';

/**
 * The card of a workspace's endpoint: what its agent says of itself, with the address and abilities of this server, which
 * takes messages for it whether it runs or not.
 */
export function createCard({ target, origin }: Pick<Visit, 'target' | 'origin'>): AgentCard {
  const said: JsonObject = target.agentCard ?? {};
  const url = `${origin}/a2a/${target.id}`;
  const at = (protocolBinding: string, protocolVersion: string) => ({
    url,
    protocolBinding,
    protocolVersion,
    tenant: '',
  });
  return {
    name: target.name,
    description: textOf(said, 'description') ?? target.role ?? target.name,
    version: textOf(said, 'version') ?? '1.0.0',
    supportedInterfaces: [at('JSONRPC', '1.0'), at('HTTP+JSON', '1.0'), at('JSONRPC', '0.3')],
    provider: undefined,
    capabilities: { streaming: true, pushNotifications: true, extensions: [], extendedAgentCard: true },
    securitySchemes: {
      [SCHEME]: {
        scheme: {
          $case: 'httpAuthSecurityScheme',
          value: {
            scheme: 'Bearer',
            bearerFormat: '',
            description: 'Token of a workspace, which speaks as that workspace, or of an administrator.',
          },
        },
      },
    },
    securityRequirements: [{ schemes: { [SCHEME]: { list: [] } } }],
    defaultInputModes: textsOf(said.defaultInputModes, ['text/plain']),
    defaultOutputModes: textsOf(said.defaultOutputModes, ['text/plain']),
    skills: skillsOf(said, target.name),
    signatures: [],
  };
}

/** As it is sent: in the 1.0 form to whoever asks for that, else in one that clients of both ages read. */
export function toCardJson(card: AgentCard, version: string | null): JsonObject {
  const json = AgentCard.toJSON(card);
  if (!isJsonObject(json)) throw new Error('the SDK wrote a card that is no JSON object');
  if (version?.startsWith('1')) return json;
  // The form below is another one than what was signed.
  const { signatures: _, ...unsigned } = json;
  return {
    ...unsigned,
    url: card.supportedInterfaces[0]?.url,
    preferredTransport: 'JSONRPC',
    protocolVersion: '0.3.0',
    supportsAuthenticatedExtendedCard: true,
    // Either age reads its own members and skips the other's.
    securitySchemes: {
      [SCHEME]: { type: 'http', scheme: 'bearer', httpAuthSecurityScheme: { scheme: 'Bearer' } },
    },
    security: [{ [SCHEME]: [] }],
  };
}

function skillsOf(said: JsonObject, name: string): AgentCard['skills'] {
  const given = Array.isArray(said.skills) ? said.skills : [];
  const skills = given.flatMap((skill: unknown) => {
    const id = typeof skill === 'string' ? skill : (textOf(skill, 'id') ?? textOf(skill, 'name'));
    return id === null || id === '' ? [] : [toSkill(id, isJsonObject(skill) ? skill : {})];
  });
  // Clients of 1.0 expect at least one.
  return skills.length > 0 ? skills : [toSkill('chat', { name: 'Chat', description: `Talk to ${name}.` })];
}

function toSkill(id: string, skill: JsonObject): AgentCard['skills'][number] {
  return {
    id,
    name: textOf(skill, 'name') ?? id,
    description: textOf(skill, 'description') ?? textOf(skill, 'name') ?? id,
    tags: textsOf(skill.tags, ['molecule']),
    examples: textsOf(skill.examples, []),
    inputModes: textsOf(skill.inputModes, []),
    outputModes: textsOf(skill.outputModes, []),
    securityRequirements: [],
  };
}

function textsOf(value: unknown, fallback: readonly string[]): string[] {
  const texts = Array.isArray(value) ? value.filter((one): one is string => typeof one === 'string') : [];
  return texts.length > 0 ? texts : [...fallback];
}
