import type { Workspace } from '@molecule/contract';
import { useSearchParams } from 'react-router';
import { ConversationList } from './conversation-list.js';
import { PeerThread } from './peer-thread.js';

/** With whom the agent speaks; with `?peer=` in the address, what it says to that one. */
export function CommsTab({ agent }: { agent: Workspace }) {
  const [params] = useSearchParams();
  const peerId = params.get('peer');
  return peerId === null || peerId === agent.id ? (
    <ConversationList agent={agent} />
  ) : (
    <PeerThread key={peerId} agent={agent} peerId={peerId} />
  );
}
