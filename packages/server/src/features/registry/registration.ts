import { parseUuid, type Register } from '@molecule/contract';
import type { Db, Tx } from '../../platform/db.js';
import { AppError, refuse } from '../../platform/http/app-error.js';
import type { Ports } from '../../ports.js';
import type { Actor, WorkspaceTokens } from '../access/index.js';
import {
  findRegistrant,
  insertSelfRegistered,
  lockRegistrant,
  type Registrant,
  writeAgentCard,
  writeProgram,
  writeRegistration,
} from '../workspaces/index.js';
import { checkCardSize, toEventCard } from './agent-card.js';
import { programOf } from './program.js';

export interface RegistrationDeps extends Pick<Ports, 'lanes' | 'transact' | 'commit' | 'clock' | 'random'> {
  readonly tokens: Pick<WorkspaceTokens, 'find' | 'mint' | 'markUsed'>;
  /** Judges an address that an agent claims; may resolve names. */
  readonly checkClaimedUrl: (url: string) => Promise<{ readonly ok: boolean; readonly reason?: string }>;
  readonly developmentMode: boolean;
}

export interface Registered {
  /** Only the registration that found no token ever minted gets one. */
  readonly token: string | null;
  readonly deliveryMode: 'push' | 'poll';
  readonly inboundSecret: string;
}

export interface RegistrationService {
  register(actor: Actor, body: Register): Promise<Registered>;
  updateCard(actor: Actor, workspaceId: string, card: Readonly<Record<string, unknown>>): Promise<void>;
}

const ADDRESS_POLL_MS = 10;
const ADDRESS_WAIT_MS = 2_000;

/** Announcing an agent: who it is, where it answers, what it can do (contract registry-a2a §5.1, §5.3). */
export function createRegistration(deps: RegistrationDeps): RegistrationService {
  const db = deps.lanes.control;

  async function register(actor: Actor, body: Register): Promise<Registered> {
    const id = parseUuid(body.id || body.workspace_id || '');
    if (id === null) refuse('invalid_request_body', { help: 'Field id must be the UUID of the workspace.' });
    checkCardSize(body.agent_card);
    // Judged before any name is resolved: a stranger must not make this server look up hosts. Judged again under lock.
    const found = await findRegistrant(db, id);
    await admit(db, actor, id, found);
    const seen = isAwaitingAddress(found, body) ? await untilAddressed(id, body) : found;
    const address = await toAddress(body, seen);
    return deps.transact('control', async (tx) => {
      if (!seen) await insertSelfRegistered(tx, id);
      const row = await lockRegistrant(tx, id);
      await admit(tx, actor, id, row);
      if (!row) throw new Error(`workspace ${id} was not inserted`);
      const written = await writeRegistration(tx, id, {
        agentCard: body.agent_card,
        url: isHeld(row) ? undefined : address.url,
        deliveryMode: address.deliveryMode,
        inboundSecretCandidate: deps.random.token(32),
      });
      const token = row.mayBootstrap ? await deps.tokens.mint(tx, id) : null;
      const online = { url: written.url ?? '', ...toEventCard(body.agent_card) };
      // A new key brings another model, and an open page must not go on showing the old one.
      const changes = await writeProgram(tx, id, programOf(body.agent_card));
      await deps.commit(tx, {
        transitions: [{ workspaceId: id, generation: row.generation, trigger: 'registered', online }],
        events: changes === null ? [] : [{ type: 'WORKSPACE_UPDATED', workspaceId: id, payload: { changes } }],
      });
      return { token, deliveryMode: written.deliveryMode ?? 'push', inboundSecret: written.inboundSecret };
    });
  }

  /**
   * A managed agent often announces itself in the very moment in which its driver notes where it answers. It must not be
   * online before that: a message sent at once would be refused. Holds no connection meanwhile; the limit is for a
   * driver that has lost its database, and the next heartbeat brings the agent online then.
   */
  async function untilAddressed(id: string, body: Register): Promise<Registrant | null> {
    const started = deps.clock.monotonicMs();
    for (let pauseMs = ADDRESS_POLL_MS; ; pauseMs *= 1.5) {
      const row = await findRegistrant(db, id);
      const waited = deps.clock.monotonicMs() - started;
      if (!isAwaitingAddress(row, body) || waited >= ADDRESS_WAIT_MS) return row;
      await deps.clock.sleep(pauseMs);
    }
  }

  /**
   * The self-token gate (contract §2.8): the workspace's own live token, or none at all while it has never had one
   * (B-12, B-13). A wrong bearer never counts as none (B-08), and a removed workspace is dead (B-03).
   */
  async function admit(on: Db | Tx, actor: Actor, id: string, row: Registrant | null): Promise<void> {
    const hash = actor.kind === 'claimant' ? actor.tokenHash : null;
    const anonymous = actor.kind === 'claimant' && hash === null;
    if (row?.status === 'removed') refuse(anonymous ? 'missing_workspace_token' : 'invalid_workspace_token');
    if (!row) {
      // Only the predecessor's scripts rely on unknown ids registering themselves (design §9).
      if (anonymous && deps.developmentMode) return;
      refuse(anonymous ? 'missing_workspace_token' : 'invalid_workspace_token');
    }
    if (anonymous && row.mayBootstrap) return;
    if (hash === null) refuse(anonymous ? 'missing_workspace_token' : 'invalid_workspace_token');
    const credential = await deps.tokens.find(on, hash);
    if (!credential?.live || credential.workspaceId !== id) refuse('invalid_workspace_token');
    deps.tokens.markUsed(credential.tokenId);
  }

  /** What of the claimed address counts. Undefined leaves what is stored. */
  async function toAddress(
    body: Register,
    row: Registrant | null,
  ): Promise<{ url: string | null | undefined; deliveryMode: 'push' | 'poll' | null }> {
    const declared = body.delivery_mode ?? null;
    // The driver of a managed agent knows where it answers; what the agent claims is not asked (design §9).
    if (row && row.backend !== 'external') return { url: undefined, deliveryMode: declared };
    const claimed = body.url?.trim() || null;
    const remote = claimed?.startsWith('remote://') ?? false;
    // Whoever says that it has no address can only fetch its messages, also where one was given when it was created.
    const effective = declared ?? (remote ? 'poll' : (row?.deliveryMode ?? null));
    // Nothing may be pushed any more to who polls, so an address of before goes as well.
    if (effective === 'poll' || remote) return { url: null, deliveryMode: effective };
    if (claimed === null)
      refuse('invalid_request_body', { help: 'Field url is required unless delivery_mode is poll.' });
    const verdict = await deps.checkClaimedUrl(claimed);
    if (!verdict.ok)
      throw new AppError('invalid_url', { help: `This address cannot be registered: ${verdict.reason}.` });
    return { url: claimed, deliveryMode: declared };
  }

  async function updateCard(actor: Actor, workspaceId: string, card: Readonly<Record<string, unknown>>): Promise<void> {
    checkCardSize(card);
    const id = parseUuid(workspaceId);
    const privileged = actor.kind === 'admin' || (deps.developmentMode && isAnonymous(actor));
    if (id === null) return refuse(privileged ? 'workspace_not_found' : 'invalid_workspace_token');
    await deps.transact('control', async (tx) => {
      const row = await lockRegistrant(tx, id);
      if (!privileged) await admit(tx, actor, id, row);
      if (!row || row.status === 'removed') refuse('workspace_not_found');
      await writeAgentCard(tx, id, card);
      const payload = { agent_card: undefined, ...toEventCard(card) };
      await deps.commit(tx, { events: [{ type: 'AGENT_CARD_UPDATED', workspaceId: id, payload }] });
    });
  }

  return { register, updateCard };
}

function isAnonymous(actor: Actor): boolean {
  return actor.kind === 'claimant' && actor.tokenHash === null;
}

/** Its driver runs it and has not said yet where it answers. */
function isAwaitingAddress(row: Registrant | null, body: Register): boolean {
  if (row === null || row.backend === 'external' || row.url !== null || row.status !== 'provisioning') return false;
  return (body.delivery_mode ?? row.deliveryMode) !== 'poll';
}

/** Its owner keeps it down; an address now would outlive the state it belongs to. */
function isHeld({ status }: Registrant): boolean {
  return status === 'paused' || status === 'hibernating' || status === 'hibernated';
}
