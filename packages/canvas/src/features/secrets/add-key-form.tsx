import { Plus } from 'lucide-react';
import { useId, useState } from 'react';
import { Button } from '../../ui/button.js';
import { TextField } from '../../ui/field.js';
import { remarkOn } from './key-check.js';
import { isSecretName, knownProviders } from './known-keys.js';
import { type SecretScope, useSecretChanges } from './secret-changes.js';
import { useChange } from './use-change.js';

interface AddKeyFormProps {
  scope: SecretScope;
  /** What a name that is in use already means here; null for a new one. */
  remarkOnName: (name: string) => string | null;
}

const suggested = [...new Set(knownProviders.flatMap((provider) => provider.keys.map((key) => key.name)))];

/** A key under any name. */
export function AddKeyForm({ scope, remarkOnName }: AddKeyFormProps) {
  const [name, setName] = useState('');
  const [value, setValue] = useState('');
  const [refusedName, setRefusedName] = useState('');
  const changes = useSecretChanges(scope);
  const change = useChange();
  const names = useId();
  const wrong = name !== '' && !isSecretName(name) ? 'Upper-case letters, digits and underscores.' : null;
  // A refusal is about what was sent: it goes when the name is corrected.
  const problem = refusedName === name ? change.problem : null;
  const remark = remarkOn(name, value, true);
  const refusedValue = remark?.severity === 'error' ? remark.text : null;
  return (
    <form
      className="mt-3 flex items-start gap-2"
      onSubmit={(event) => {
        event.preventDefault();
        if (name === '' || wrong !== null || value === '' || refusedValue !== null) return;
        setRefusedName(name);
        change.start(changes.save(name, value), () => {
          setName('');
          setValue('');
        });
      }}
    >
      <div className="min-w-0 flex-1">
        <TextField
          bare
          label="Name of the key"
          placeholder="NAME"
          list={names}
          value={name}
          onChange={(event) => setName(event.target.value.toUpperCase())}
          error={wrong ?? (problem && `${problem.title}. ${problem.advice}`)}
          hint={remarkOnName(name)}
          className="font-mono"
        />
        <datalist id={names}>
          {suggested.map((one) => (
            <option key={one} value={one} />
          ))}
        </datalist>
      </div>
      <div className="min-w-0 flex-1">
        <TextField
          bare
          label="Value of the key"
          placeholder="Value"
          type="password"
          autoComplete="new-password"
          value={value}
          onChange={(event) => setValue(event.target.value)}
          error={refusedValue}
        />
      </div>
      <Button
        type="submit"
        icon={Plus}
        pending={change.pending}
        disabled={name === '' || wrong !== null || value === '' || refusedValue !== null}
      >
        Add
      </Button>
      {change.dialog}
    </form>
  );
}
