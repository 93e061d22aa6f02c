import type { Routes } from '@molecule/contract';
import type { Tx } from '../../platform/db.js';
import { refuse } from '../../platform/http/app-error.js';
import { failingWith } from '../../platform/http/failing-with.js';
import type { HandlersFor } from '../../platform/http/handlers.js';
import type { Ports } from '../../ports.js';
import { listRestartable, lockLive } from '../workspaces/index.js';
import { listLiveTokens, revokeLiveToken } from './access.store.js';
import { type Actor, describeActor } from './actor.js';
import type { WorkspaceTokens } from './workspace-tokens.js';

export type WorkspaceTokenHandlers = Pick<
  HandlersFor<Routes, Actor>,
  | 'listWorkspaceTokens'
  | 'createWorkspaceToken'
  | 'revokeWorkspaceToken'
  | 'createWorkspaceTokenAsAdmin'
  | 'createTestToken'
>;

export interface WorkspaceTokenDeps extends Pick<Ports, 'lanes' | 'transact' | 'commit' | 'logger'> {
  readonly tokens: WorkspaceTokens;
  /** Kinds that this server can start again. */
  readonly backends: readonly string[];
  /** Wakes the worker that starts agents. */
  readonly nudge: () => void;
}

const MESSAGE = 'Save this token now: it is not shown again.';
const NO_STORE = { 'cache-control': 'no-store' } as const;

export function createWorkspaceTokenHandlers(deps: WorkspaceTokenDeps): WorkspaceTokenHandlers {
  const { transact, commit, tokens } = deps;
  const logger = deps.logger.child({ part: 'access' });

  async function create(actor: Actor, workspaceId: string, label: string | null) {
    const token = await transact('control', async (tx) => {
      if (!(await lockLive(tx, [workspaceId])).has(workspaceId)) return refuse('workspace_not_found');
      return (await tokens.mintBelowLimit(tx, workspaceId)) ?? refuse('too_many_workspace_tokens');
    });
    const made = { workspace: workspaceId, prefix: token.slice(0, 8), by: describeActor(actor) };
    logger.info({ ...made, ...(label === null ? {} : { label }) }, 'a workspace token was made');
    return {
      status: 201 as const,
      headers: NO_STORE,
      body: { auth_token: token, workspace_id: workspaceId, message: MESSAGE },
    };
  }

  /**
   * An agent that this server runs gets its token with its start alone, so one that lost it would end itself and leave
   * its workspace to the crash policy. It is started again instead, in the transaction that takes the token away.
   */
  async function startAgain(tx: Tx, workspaceId: string): Promise<boolean> {
    const [found] = await listRestartable(tx, [workspaceId], deps.backends);
    // A failed one starts again only when its owner says so (design §4.3).
    const failed = (await lockLive(tx, [workspaceId])).get(workspaceId)?.status === 'failed';
    if (found === undefined || failed) return false;
    await commit(tx, { transitions: [{ workspaceId, trigger: 'start_requested' }] });
    return true;
  }

  return {
    listWorkspaceTokens: async ({ params, query }) => {
      const rows = await listLiveTokens(deps.lanes.control, params.id, query);
      const body = rows.map((row) => ({
        id: row.id,
        prefix: row.prefix,
        created_at: row.createdAt.toISOString(),
        last_used_at: row.lastUsedAt?.toISOString() ?? null,
        agent: row.isAgents,
      }));
      return { status: 200, body: { tokens: body, count: body.length } };
    },

    createWorkspaceToken: ({ actor, params }) => create(actor, params.id, null),
    createWorkspaceTokenAsAdmin: ({ actor, params, body }) => create(actor, params.id, body.label || null),

    revokeWorkspaceToken: async ({ actor, params }) => {
      const restarts = await transact('control', async (tx) => {
        // In the order of every other change: the workspace first, then what belongs to it.
        await lockLive(tx, [params.id]);
        const revoked = await revokeLiveToken(tx, params.id, params.tokenId);
        if (revoked === null) return refuse('token_not_found');
        return revoked.isAgents && (await startAgain(tx, params.id));
      });
      if (restarts) deps.nudge();
      const what = { workspace: params.id, token: params.tokenId, by: describeActor(actor), restarts };
      logger.info(what, 'a workspace token was revoked');
      return { status: 200, body: { status: 'revoked', ...(restarts ? { restarts } : {}) } };
    },

    createTestToken: async ({ actor, params }) => {
      const token = await transact('control', async (tx) => {
        const found = await failingWith('lookup failed', () => lockLive(tx, [params.id]));
        return found.has(params.id) ? tokens.mint(tx, params.id) : refuse('workspace_not_found');
      });
      const made = { workspace: params.id, prefix: token.slice(0, 8), by: describeActor(actor) };
      logger.info(made, 'a workspace token was made for a test');
      return { status: 200, headers: NO_STORE, body: { auth_token: token, workspace_id: params.id } };
    },
  };
}
