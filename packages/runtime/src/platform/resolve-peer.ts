import type { Peer } from '../adapters/adapter.js';

export type ResolvedPeer = { readonly peer: Peer } | { readonly refusal: string };

/**
 * Finds whom the model means: by id, else by the exact name, else by the name in any case. More than one match is
 * refused with the candidates, because guessing would hand work to the wrong agent.
 */
export function resolvePeer(peers: readonly Peer[], target: string): ResolvedPeer {
  const wanted = target.trim();
  const byId = peers.find((peer) => peer.id === wanted);
  if (byId !== undefined) return { peer: byId };
  const exact = peers.filter((peer) => peer.name === wanted);
  const matches =
    exact.length > 0 ? exact : peers.filter((peer) => peer.name.trim().toLowerCase() === wanted.toLowerCase());
  const [first, ...others] = matches;
  if (first === undefined) {
    const known = peers.length === 0 ? 'There is nobody you can delegate to.' : `You can reach: ${listPeers(peers)}.`;
    return { refusal: `Nobody you can reach is called or has the id "${wanted}". ${known}` };
  }
  if (others.length > 0) {
    return { refusal: `"${wanted}" is the name of several agents; give the id of one: ${listPeers(matches)}.` };
  }
  return { peer: first };
}

function listPeers(peers: readonly Peer[]): string {
  return peers.map((peer) => `${peer.name} (id ${peer.id}, ${peer.relation}, ${peer.status})`).join('; ');
}
