import { KeyRound, Trash2 } from 'lucide-react';
import { type ReactNode, useState } from 'react';
import { useNow } from '../../app/use-now.js';
import { agoOf, exactTime } from '../../model/relative-time.js';
import { IconButton } from '../../ui/button.js';
import { ConfirmDialog } from '../../ui/confirm-dialog.js';

interface TokenRowProps {
  prefix: string;
  name?: ReactNode;
  createdAt: string;
  lastUsedAt: string | null;
  /** What follows for whoever uses it, asked before it is revoked. */
  consequence: string;
  pending: boolean;
  onRevoke: () => void;
}

export function TokenRow({ prefix, name, createdAt, lastUsedAt, consequence, pending, onRevoke }: TokenRowProps) {
  const now = useNow(30_000);
  const [asking, setAsking] = useState(false);
  return (
    <li className="flex items-center gap-2 py-2 pr-1 pl-3">
      <KeyRound aria-hidden className="size-4 shrink-0 text-ink-faint" />
      <div className="min-w-0 flex-1">
        <p className="truncate text-sm">
          {name ?? <code className="font-mono">{prefix}…</code>}
          {name && <code className="ml-2 font-mono text-xs text-ink-faint">{prefix}…</code>}
        </p>
        <p className="text-xs text-ink-faint">
          <time dateTime={createdAt} title={exactTime(createdAt)}>
            made {agoOf(createdAt, now)}
          </time>
          {lastUsedAt === null ? ', never used' : `, used ${agoOf(lastUsedAt, now)}`}
        </p>
      </div>
      <IconButton icon={Trash2} label={`Revoke ${prefix}`} pending={pending} onClick={() => setAsking(true)} />
      <ConfirmDialog
        open={asking}
        title={`Revoke the token ${prefix}…?`}
        confirmLabel="Revoke"
        onCancel={() => setAsking(false)}
        onConfirm={() => {
          setAsking(false);
          onRevoke();
        }}
      >
        {consequence}
      </ConfirmDialog>
    </li>
  );
}
