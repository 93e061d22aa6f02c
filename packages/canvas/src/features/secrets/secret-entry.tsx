import type { Secret } from '@molecule/contract';
import { Globe, KeyRound, Trash2 } from 'lucide-react';
import { useRef, useState } from 'react';
import { useNow } from '../../app/use-now.js';
import { agoOf, exactTime } from '../../model/relative-time.js';
import { Button, IconButton } from '../../ui/button.js';
import { TextField } from '../../ui/field.js';
import { Notice } from '../../ui/notice.js';
import { remarkOn } from './key-check.js';
import { knownKey } from './known-keys.js';
import { type SecretScope, useSecretChanges } from './secret-changes.js';
import { type ChangeRun, useChange } from './use-change.js';

interface SecretEntryProps {
  secret: Secret;
  scope: SecretScope;
  /** How it relates to the keys of all agents; null when it does not. */
  mark: 'Global' | 'Overrides global' | null;
}

/** One saved key. Its value is never shown again: it can be given another one, or taken away. */
export function SecretEntry({ secret, scope, mark }: SecretEntryProps) {
  const now = useNow(30_000);
  const [typing, setTyping] = useState(false);
  const opener = useRef<HTMLButtonElement>(null);
  const change = useChange();
  const changes = useSecretChanges(scope);
  const inherited = secret.scope === 'global';
  const Icon = inherited ? Globe : KeyRound;
  const verb = inherited ? 'Override' : 'Replace';
  const close = () => {
    setTyping(false);
    opener.current?.focus();
  };
  return (
    <li className="py-1.5 pr-1.5 pl-3">
      <div className="flex items-center gap-2">
        <Icon aria-hidden className="size-4 shrink-0 text-ink-faint" />
        <div className="min-w-0 flex-1">
          <div className="flex flex-wrap items-center gap-x-2">
            <code className="min-w-0 truncate font-mono text-sm" title={secret.key}>
              {secret.key}
            </code>
            {mark !== null && (
              <span className="rounded-md bg-rest-soft px-1.5 text-xs font-medium whitespace-nowrap text-rest">
                {mark}
              </span>
            )}
          </div>
          <p className="text-xs text-ink-faint">
            <time dateTime={secret.updated_at} title={exactTime(secret.updated_at)}>
              Saved {agoOf(secret.updated_at, now)}
            </time>
          </p>
        </div>
        <Button
          ref={opener}
          size="small"
          aria-label={`${verb} ${secret.key}`}
          aria-expanded={typing}
          onClick={() => setTyping(!typing)}
        >
          {verb}
        </Button>
        {!inherited && (
          <IconButton
            icon={Trash2}
            label={`Delete ${secret.key}`}
            onClick={() => change.start(changes.remove(secret.key))}
          />
        )}
      </div>
      {typing && (
        <NewValue
          name={secret.key}
          change={change}
          onSave={(value) => change.start(changes.save(secret.key, value), close)}
          onCancel={close}
        />
      )}
      {!typing && change.problem && (
        <Notice tone="error" title={change.problem.title} className="mt-2">
          {change.problem.advice}
        </Notice>
      )}
      {change.dialog}
    </li>
  );
}

interface NewValueProps {
  name: string;
  change: ChangeRun;
  onSave: (value: string) => void;
  onCancel: () => void;
}

function NewValue({ name, change, onSave, onCancel }: NewValueProps) {
  const [value, setValue] = useState('');
  const remark = remarkOn(name, value);
  const refused = remark?.severity === 'error';
  const { problem } = change;
  return (
    <form
      className="mt-2 mb-1 flex items-start gap-2"
      onSubmit={(event) => {
        event.preventDefault();
        if (value !== '' && !refused) onSave(value);
      }}
      onKeyDown={(event) => {
        if (event.key !== 'Escape') return;
        event.preventDefault();
        onCancel();
      }}
    >
      <div className="min-w-0 flex-1">
        <TextField
          bare
          label={`New value of ${name}`}
          placeholder="New value"
          type={knownKey(name)?.visible ? 'text' : 'password'}
          autoComplete="new-password"
          // The person has just asked for this field.
          autoFocus
          value={value}
          onChange={(event) => setValue(event.target.value)}
          error={refused ? remark.text : problem && `${problem.title}. ${problem.advice}`}
          hint={
            remark && (
              <span role="status" className="text-warn">
                {remark.text}
              </span>
            )
          }
        />
      </div>
      <Button type="submit" look="primary" pending={change.pending} disabled={value === '' || refused}>
        Save
      </Button>
      <Button onClick={onCancel}>Cancel</Button>
    </form>
  );
}
