import { type ConnectedWorkspace, describe, fail, say, sayJson, sourceFor, type Tool, text } from './tool.js';

const HISTORY_DEFAULT = 20;
const HISTORY_MAX = 500;
const ID_SHOWN = 8;
const NO_PEERS = 'You have no peers in the platform registry. (No parent, no children, no siblings registered.)';

export const listPeers: Tool = {
  name: 'list_peers',
  description: 'The agents you can give tasks to: siblings, children and parent.',
  properties: {},
  hasSource: true,
  async run(call, environment) {
    const named = text(call.args, 'source_workspace_id');
    const sources = named === '' ? environment.workspaces : [sourceFor(call, environment, null)];
    const found = await Promise.all(sources.map((source) => readPeers(source, call.signal)));
    const lines = found.flatMap(({ source, peers }) =>
      peers.map((peer) => {
        environment.sourceOfPeer.set(peer.id, source.id);
        const via = sources.length > 1 ? `, via: ${source.id.slice(0, ID_SHOWN)}` : '';
        return `- ${peer.name} (ID: ${peer.id}, status: ${peer.status}, role: ${peer.role ?? ''}${via})`;
      }),
    );
    if (lines.length > 0) return say(lines.join('\n'));
    const causes = found.flatMap(({ source, trouble }) =>
      trouble === null ? [] : [`[${source.id.slice(0, ID_SHOWN)}] ${trouble}`],
    );
    return causes.length > 0 ? fail(`No peers found. ${causes.join('; ')}`) : say(NO_PEERS);
  },
};

async function readPeers(source: ConnectedWorkspace, signal: AbortSignal) {
  const reply = await source.client.attempt((api) => api.call('listPeers', { params: { id: source.id } }, { signal }));
  return reply.kind === 'ok'
    ? { source, peers: reply.value.body, trouble: null }
    : { source, peers: [], trouble: describe(reply) };
}

export const getWorkspaceInfo: Tool = {
  name: 'get_workspace_info',
  description: 'What the platform knows about your own workspace.',
  properties: {},
  hasSource: true,
  async run(call, environment) {
    const source = sourceFor(call, environment, null);
    const reply = await source.client.attempt((api) =>
      api.call('getWorkspace', { params: { id: source.id } }, { signal: call.signal }),
    );
    if (reply.kind === 'ok') return sayJson(reply.value.body);
    if (reply.kind !== 'refused' || reply.status !== 410) return fail(`Error: ${describe(reply)}`);
    return sayJson({ error: 'removed', ...removal(reply.body, source.id) });
  },
};

/** What the platform says about a workspace that is gone, for its own former token. */
function removal(body: unknown, id: string): { id: string; removed_at: unknown; hint: unknown } {
  const fields = typeof body === 'object' && body !== null ? (body as Readonly<Record<string, unknown>>) : {};
  return { id, removed_at: fields.removed_at ?? null, hint: fields.hint ?? null };
}

export const chatHistory: Tool = {
  name: 'chat_history',
  description: 'What was said between you and one peer, oldest first.',
  properties: {
    peer_id: { type: 'string', description: 'id of the peer' },
    limit: { type: 'integer', description: `how many rows (default ${HISTORY_DEFAULT}, at most ${HISTORY_MAX})` },
    before_ts: { type: 'string', description: 'only rows older than this instant (RFC 3339), to read further back' },
  },
  required: ['peer_id'],
  hasSource: true,
  async run(call, environment) {
    const peerId = text(call.args, 'peer_id');
    if (peerId === '') return fail('Error: peer_id is required');
    const source = sourceFor(call, environment, peerId.toLowerCase());
    const asked = Number(call.args.limit ?? HISTORY_DEFAULT);
    const limit = Number.isInteger(asked) && asked > 0 ? Math.min(asked, HISTORY_MAX) : HISTORY_DEFAULT;
    const before = text(call.args, 'before_ts');
    const query = { peer_id: peerId, limit, ...(before === '' ? {} : { before_ts: before }) };
    const reply = await source.client.attempt((api) =>
      api.call('listActivity', { params: { id: source.id }, query }, { signal: call.signal }),
    );
    if (reply.kind === 'ok') return sayJson(reply.value.body.toReversed());
    if (reply.kind === 'refused' && reply.status !== 400)
      return fail(`Error: chat_history returned HTTP ${reply.status}`);
    return fail(`Error: ${describe(reply)}`);
  },
};
