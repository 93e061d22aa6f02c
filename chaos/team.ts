import { randomUUID } from 'node:crypto';
import { ApiError, type Client, UnreachableError } from '@molecule/contract/client';
import { waitFor } from '@molecule/testkit';

export interface Team {
  readonly name: string;
  readonly lead: string;
  readonly members: readonly { readonly id: string; readonly name: string }[];
}

/** A lead with `size` members, all demo agents. Repeating an import that was cut off completes it. */
export async function importTeam(api: Client, name: string, size: number): Promise<Team> {
  const children = Array.from({ length: size }, (_, i) => ({ name: `${name} member ${i + 1}`, runtime: 'echo' }));
  const template = { name, workspaces: [{ name: `${name} lead`, runtime: 'echo', children }] };
  const reply = await api.call('importOrg', { body: { template } });
  if (reply.status !== 201) throw new Error('the import answered with a plan');
  const [lead, ...members] = reply.body.workspaces;
  if (!lead) throw new Error('the import created nothing');
  return { name, lead: lead.id, members: members.map(({ id, name: member }) => ({ id, name: member })) };
}

export async function waitUntilOnline(api: Client, ids: readonly string[], timeoutMs = 60_000): Promise<void> {
  await waitFor(
    async () => {
      const { body } = await api.call('listWorkspaces', {});
      const waited = ids.map((id) => body.find((row) => row.id === id));
      const others = waited.filter((row) => row?.status !== 'online');
      if (others.length > 0) {
        throw new Error(others.map((row) => `${row?.name}: ${row?.status} ${row?.last_sample_error}`).join('; '));
      }
      return true;
    },
    { timeoutMs, what: 'every agent to be online' },
  );
}

export interface Message {
  readonly id: string;
  readonly target: string;
  /** Unique, so that its traces can be counted anywhere. */
  readonly text: string;
}

export function createMessage(target: string, text: string): Message {
  return { id: randomUUID(), target, text };
}

/** What the sender knows afterwards. `unsure`: the connection broke, the server may or may not have it. */
export type Sent =
  | { readonly kind: 'answered'; readonly text: string }
  | { readonly kind: 'queued' }
  | { readonly kind: 'refused'; readonly status: number; readonly code: string; readonly error: string }
  | { readonly kind: 'unsure' };

/** Sends a human's message; sending the same one again must be harmless. */
export async function send(api: Client, message: Message): Promise<Sent> {
  const body = {
    jsonrpc: '2.0',
    id: message.id,
    method: 'message/send',
    params: {
      message: {
        kind: 'message',
        role: 'user',
        messageId: message.id,
        parts: [{ kind: 'text', text: message.text }],
      },
    },
  };
  try {
    const reply = await api.call('sendMessage', { params: { id: message.target }, body });
    return reply.status === 202 ? { kind: 'queued' } : { kind: 'answered', text: JSON.stringify(reply.body) };
  } catch (error) {
    return toRefusal(error);
  }
}

export interface Delegated {
  /** The idempotency key: asking again under it gives the same delegation. */
  readonly key: string;
  readonly caller: string;
  readonly target: string;
  readonly text: string;
}

/** Delegates as `caller`; asking the same again must be harmless. `isNew` false: it was known under its key. */
export async function delegate(
  api: Client,
  { caller, target, text, key }: Delegated,
): Promise<
  | { readonly kind: 'accepted'; readonly id: string; readonly isNew: boolean }
  | Extract<Sent, { kind: 'refused' | 'unsure' }>
> {
  try {
    const { status, body } = await api.call('delegate', {
      params: { id: caller },
      body: { target_id: target, task: text, idempotency_key: key },
    });
    return { kind: 'accepted', id: body.delegation_id, isNew: status === 202 };
  } catch (error) {
    return toRefusal(error);
  }
}

/** A refusal that was told, or a connection that broke; anything else is a fault of the test. */
export function toRefusal(error: unknown): Extract<Sent, { kind: 'refused' | 'unsure' }> {
  if (error instanceof ApiError) {
    return { kind: 'refused', status: error.status, code: error.code, error: error.message };
  }
  // Undici reports a connection that breaks within a body as a bare TypeError ("terminated").
  if (error instanceof UnreachableError || error instanceof TypeError) return { kind: 'unsure' };
  throw error;
}
