import { randomUUID } from 'node:crypto';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { waitFor } from '@molecule/testkit';

/**
 * As much of the platform as an agent talks to: registry, peers and delegations of a small organisation. Delegations
 * are really delivered to the registered agents.
 */
export interface FakePlatform {
  readonly url: string;
  readonly calls: readonly FakeCall[];
  addWorkspace(workspace: { id: string; name: string; parentId?: string | null; token?: string }): void;
  /** Answers the next calls to a path with this instead of working; until `heal`. */
  fail(path: string | RegExp, status: number, body?: unknown, headers?: Record<string, string>): void;
  heal(): void;
  readonly workspaces: ReadonlyMap<string, FakeWorkspace>;
  readonly delegations: ReadonlyMap<string, FakeDelegation>;
  close(): Promise<void>;
}

export interface FakeCall {
  readonly method: string;
  readonly path: string;
  readonly body: Record<string, unknown>;
  readonly authorization: string | undefined;
  /** X-Workspace-ID. */
  readonly caller: string | string[] | undefined;
}

export interface FakeWorkspace {
  readonly id: string;
  readonly name: string;
  readonly parentId: string | null;
  readonly token: string;
  url: string | null;
  card: Record<string, unknown> | null;
  beats: Record<string, unknown>[];
}

export interface FakeDelegation {
  readonly id: string;
  readonly callerId: string;
  readonly targetId: string;
  readonly key: string | null;
  status: string;
  text?: string;
  error?: string;
}

interface Failure {
  readonly path: string | RegExp;
  readonly status: number;
  readonly body: unknown;
  readonly headers: Record<string, string>;
}

export const INBOUND_SECRET = 'inbound-secret';

export async function startFakePlatform(): Promise<FakePlatform> {
  const calls: FakeCall[] = [];
  const workspaces = new Map<string, FakeWorkspace>();
  const delegations = new Map<string, FakeDelegation>();
  let failure: Failure | null = null;

  const server = createServer((request, response) => {
    answer(request, response).catch((error: unknown) => response.destroy(error instanceof Error ? error : undefined));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));

  async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const chunks: Buffer[] = [];
    for await (const chunk of request as AsyncIterable<Buffer>) chunks.push(chunk);
    const body = chunks.length === 0 ? {} : (JSON.parse(Buffer.concat(chunks).toString()) as Record<string, unknown>);
    const path = (request.url ?? '').split('?')[0] ?? '';
    const { authorization } = request.headers;
    const caller = request.headers['x-workspace-id'];
    calls.push({ method: request.method ?? '', path, body, authorization, caller });
    const reply = (status: number, value: unknown, headers: Record<string, string> = {}) => {
      response.writeHead(status, { 'content-type': 'application/json', ...headers });
      response.end(JSON.stringify(value));
    };
    if (failure && (typeof failure.path === 'string' ? failure.path === path : failure.path.test(path))) {
      reply(failure.status, failure.body, failure.headers);
      return;
    }
    const named = path.startsWith('/registry/') ? [body.id, body.workspace_id] : [];
    const self = workspaces.get(String(named.find((id) => typeof id === 'string') ?? path.split('/')[2]));
    if (!self || authorization !== `Bearer ${self.token}`) {
      reply(401, { error: 'invalid workspace token', code: 'unauthorized', retry: false });
      return;
    }
    if (path === '/registry/register') {
      self.url = String(body.url);
      self.card = body.agent_card as Record<string, unknown>;
      reply(200, { status: 'registered', delivery_mode: 'push', platform_inbound_secret: INBOUND_SECRET });
    } else if (path === '/registry/heartbeat') {
      self.beats.push(body);
      reply(200, { status: 'ok', platform_inbound_secret: INBOUND_SECRET });
    } else if (path.endsWith('/peers')) {
      reply(200, peersOf(self));
    } else if (path.endsWith('/a2a')) {
      const answered = await sendLegacy(self.url ?? '', String(body.method), body.params, {
        authorization: `Bearer ${INBOUND_SECRET}`,
        'x-workspace-id': String(caller),
      });
      reply(200, answered);
    } else if (path.endsWith('/delegate')) {
      const known = [...delegations.values()].find(
        (d) => d.callerId === self.id && d.key !== null && d.key === body.idempotency_key,
      );
      const delegation =
        known ?? createDelegation(self.id, String(body.target_id), String(body.task), body.idempotency_key);
      const base = { delegation_id: delegation.id, target_id: delegation.targetId };
      if (known) reply(200, { ...base, status: delegation.status, idempotent_hit: true });
      else reply(202, { ...base, status: 'delegated' });
    } else if (path.includes('/delegations/')) {
      const delegation = delegations.get(path.split('/')[4] ?? '');
      if (!delegation) {
        reply(404, { error: 'delegation not found', code: 'delegation_not_found', retry: false });
        return;
      }
      await waitFor(() => delegation.status === 'completed' || delegation.status === 'failed', { timeoutMs: 20_000 });
      reply(200, {
        delegation_id: delegation.id,
        status: delegation.status,
        ...(delegation.text === undefined ? {} : { result: { text: delegation.text } }),
        ...(delegation.error === undefined ? {} : { error_detail: delegation.error }),
      });
    } else {
      reply(404, { error: 'not found', code: 'not_found', retry: false });
    }
  }

  function peersOf(self: FakeWorkspace): unknown[] {
    const row = (peer: FakeWorkspace, relation: string) => ({
      id: peer.id,
      name: peer.name,
      role: null,
      tier: 1,
      status: peer.url ? 'online' : 'offline',
      agent_card: peer.card,
      url: peer.url ?? '',
      parent_id: peer.parentId,
      active_tasks: 0,
      relation,
    });
    const all = [...workspaces.values()].filter((peer) => peer.id !== self.id);
    return [
      ...all.filter((peer) => peer.parentId === self.parentId).map((peer) => row(peer, 'sibling')),
      ...all.filter((peer) => peer.parentId === self.id).map((peer) => row(peer, 'child')),
      ...all.filter((peer) => peer.id === self.parentId).map((peer) => row(peer, 'parent')),
    ];
  }

  function createDelegation(callerId: string, targetId: string, task: string, key: unknown): FakeDelegation {
    const delegation: FakeDelegation = {
      id: randomUUID(),
      callerId,
      targetId,
      key: typeof key === 'string' ? key : null,
      status: 'queued',
    };
    delegations.set(delegation.id, delegation);
    deliver(delegation, task).catch((error: unknown) => {
      Object.assign(delegation, { status: 'failed', error: String(error) });
    });
    return delegation;
  }

  async function deliver(delegation: FakeDelegation, task: string): Promise<void> {
    const url = workspaces.get(delegation.targetId)?.url;
    if (!url) {
      Object.assign(delegation, { status: 'failed', error: 'workspace has no URL' });
      return;
    }
    delegation.status = 'in_progress';
    const reply = await sendLegacy(url, 'message/send', {
      message: {
        kind: 'message',
        role: 'user',
        messageId: delegation.id,
        parts: [{ kind: 'text', text: task }],
        metadata: { delegation_id: delegation.id, caller_id: delegation.callerId },
      },
    });
    if (reply.error) Object.assign(delegation, { status: 'failed', error: reply.error.message });
    else Object.assign(delegation, { status: 'completed', text: reply.result?.parts?.[0]?.text });
  }

  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    calls,
    workspaces,
    delegations,
    addWorkspace({ id, name, parentId = null, token = `token-${id}` }) {
      workspaces.set(id, { id, name, parentId, token, url: null, card: null, beats: [] });
    },
    fail(path, status, body = { error: 'failed', code: 'failed', retry: false }, headers = {}) {
      failure = { path, status, body, headers };
    },
    heal() {
      failure = null;
    },
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

/** Waits longer than `waitFor` does: an fsync on a busy test machine can take seconds. */
export function eventually<T>(condition: () => T | Promise<T>): Promise<Exclude<Awaited<T>, false | null | undefined>> {
  return waitFor(condition, { timeoutMs: 20_000 });
}

/** The parts of an answer that the contract's clients read. */
export interface LegacyReply {
  readonly httpStatus: number;
  readonly result?: {
    readonly kind?: string;
    readonly id?: string;
    readonly parts?: readonly { readonly kind: string; readonly text: string }[];
    readonly artifacts?: readonly { readonly parts: readonly { readonly kind: string; readonly text: string }[] }[];
    readonly status?: {
      readonly state: string;
      readonly message?: { readonly parts: readonly { readonly text: string }[] };
    };
    readonly metadata?: Record<string, unknown>;
    readonly usage?: unknown;
  };
  readonly error?: { readonly code: number; readonly message: string; readonly data?: unknown };
}

/** Sends what the platform sends: a plain 0.3 request without a version header. */
export async function sendLegacy(
  url: string,
  method: string,
  params: unknown,
  headers: Record<string, string> = {},
): Promise<LegacyReply> {
  const response = await fetch(url, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...headers },
    body: JSON.stringify({ jsonrpc: '2.0', id: 1, method, params }),
  });
  return { ...((await response.json()) as Omit<LegacyReply, 'httpStatus'>), httpStatus: response.status };
}

export function textMessage(
  messageId: string,
  text: string,
  extra: Record<string, unknown> = {},
): { message: Record<string, unknown> } {
  return { message: { kind: 'message', role: 'user', messageId, parts: [{ kind: 'text', text }], ...extra } };
}
