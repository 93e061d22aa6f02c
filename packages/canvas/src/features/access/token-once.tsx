import { Button } from '../../ui/button.js';
import { CopyButton } from '../../ui/copy-button.js';
import { Notice } from '../../ui/notice.js';

/** A token that was just made: on the screen and nowhere else, until the person says that it is saved or leaves. */
export function TokenOnce({ token, onSaved }: { token: string; onSaved: () => void }) {
  return (
    <Notice
      tone="warning"
      title="Save it now: it is not shown again"
      actions={
        <Button size="small" onClick={onSaved}>
          I have saved it
        </Button>
      }
    >
      <span className="flex items-center gap-1">
        <code className="min-w-0 flex-1 font-mono text-xs break-all text-ink">{token}</code>
        <CopyButton text={token} label="Copy the token" />
      </span>
    </Notice>
  );
}
