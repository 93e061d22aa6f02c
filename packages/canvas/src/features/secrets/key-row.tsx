import type { Secret } from '@molecule/contract';
import { Trash2 } from 'lucide-react';
import { useState } from 'react';
import { useNow } from '../../app/use-now.js';
import { agoOf } from '../../model/relative-time.js';
import { Button, IconButton } from '../../ui/button.js';
import { TextField } from '../../ui/field.js';
import { remarkOn } from './key-check.js';
import type { KnownKey } from './known-keys.js';
import { everyAgent, useSecretChanges } from './secret-changes.js';
import { useChange } from './use-change.js';

interface KeyRowProps {
  known: KnownKey;
  /** The key is for a server that makes its own, in any form. */
  anyKey: boolean;
  secret: Secret | undefined;
  onDelete: () => void;
}

/** One field of a provider. A saved value is never shown again, so the field says that there is one. */
export function KeyRow({ known, anyKey, secret, onDelete }: KeyRowProps) {
  const now = useNow(30_000);
  const [value, setValue] = useState('');
  const changes = useSecretChanges(everyAgent);
  const change = useChange();
  const { problem } = change;
  const remark = remarkOn(known.name, value, anyKey);
  const refused = remark?.severity === 'error';
  const submit = () => {
    if (value.trim() === '' || refused) return;
    change.start(changes.save(known.name, value.trim()), () => setValue(''));
  };
  return (
    <form
      className="flex items-start gap-2"
      onSubmit={(event) => {
        event.preventDefault();
        submit();
      }}
    >
      <div className="flex-1">
        <TextField
          label={`${known.label} (${known.name})`}
          placeholder={secret ? 'Type to replace the saved value' : known.hint}
          type={known.visible ? 'text' : 'password'}
          autoComplete="new-password"
          value={value}
          onChange={(event) => setValue(event.target.value)}
          error={refused ? remark.text : problem && `${problem.title}. ${problem.advice}`}
          hint={
            remark ? (
              <span role="status" className="text-warn">
                {remark.text}
              </span>
            ) : (
              secret && `Saved ${agoOf(secret.updated_at, now)}`
            )
          }
        />
      </div>
      {/* Level with the field, below its label. */}
      <Button type="submit" pending={change.pending} disabled={value.trim() === '' || refused} className="mt-[1.6rem]">
        {secret ? 'Replace' : 'Save'}
      </Button>
      {secret && (
        <IconButton icon={Trash2} label={`Delete ${known.name}`} onClick={onDelete} className="mt-[1.75rem]" />
      )}
      {change.dialog}
    </form>
  );
}
