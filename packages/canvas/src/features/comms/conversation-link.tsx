import { MessagesSquare } from 'lucide-react';
import { Link } from 'react-router';

/** To what two agents said to each other, on the page of the first. */
export function ConversationLink({ id, peerId, label }: { id: string; peerId: string; label: string }) {
  return (
    <Link
      to={`/w/${id}/comms?peer=${peerId}`}
      className="inline-flex items-center gap-1.5 rounded text-xs font-medium text-accent hover:underline"
    >
      <MessagesSquare aria-hidden className="size-3.5" />
      {label}
    </Link>
  );
}
