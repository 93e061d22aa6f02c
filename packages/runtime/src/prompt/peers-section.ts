import type { Peer } from '../adapters/adapter.js';

// A longer list costs more than it helps; `list_peers` still gives everyone.
const PEERS_MAX = 100;

const GROUPS = [
  { relation: 'child', title: 'Agents that report to you' },
  { relation: 'sibling', title: 'Agents beside you, with the same lead' },
  { relation: 'parent', title: 'The agent you report to' },
] as const satisfies readonly { readonly relation: Peer['relation']; readonly title: string }[];

/** Whom this agent can reach, children first, in an order that depends on the peers alone. Null: they are not known. */
export function peersSection(peers: readonly Peer[] | null): string {
  if (peers === null) {
    return '## Your Team\n\nThe list of agents could not be read just now. Call list_peers before you delegate.';
  }
  if (peers.length === 0) {
    return '## Your Team\n\nThere is nobody you can delegate to at the moment. Do the work yourself.';
  }
  const sorted = GROUPS.flatMap(({ relation }) =>
    peers.filter((peer) => peer.relation === relation).sort((a, b) => compare(a.name, b.name) || compare(a.id, b.id)),
  );
  const shown = sorted.slice(0, PEERS_MAX);
  const groups = GROUPS.flatMap(({ relation, title }) => {
    const members = shown.filter((peer) => peer.relation === relation);
    return members.length === 0 ? [] : [`${title}:\n${members.map(toLine).join('\n')}`];
  });
  const rest = sorted.length - shown.length;
  const more = rest === 0 ? [] : [`${rest} more are left out here; list_peers gives everyone.`];
  return ['## Your Team', ...groups, ...more].join('\n\n');
}

function toLine(peer: Peer): string {
  const role = peer.role === null || peer.role.trim() === '' ? '' : `: ${oneLine(peer.role)}`;
  return `- ${oneLine(peer.name)} (id ${peer.id}, ${peer.status})${role}`;
}

/** Names and roles are other people's text: on one line and short, they cannot pose as a section of the prompt. */
export function oneLine(text: string, charsMax = 200): string {
  const line = text.replace(/[\s\p{Cc}]+/gu, ' ').trim();
  return line.length > charsMax ? `${line.slice(0, charsMax)}…` : line;
}

/** Not localeCompare: the order must not depend on the machine's language. */
function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
