import { Check } from 'lucide-react';
import { useState } from 'react';
import { Button } from '../../ui/button.js';
import { SelectField, TextField } from '../../ui/field.js';
import { remarkOn } from './key-check.js';
import { knownKey } from './known-keys.js';
import { everyAgent, useSecretChanges } from './secret-changes.js';
import { useChange } from './use-change.js';

/** One key, saved for all agents. With several names any one of them will do, and the person picks it. */
export function KeyForm({ names, onSaved }: { names: readonly string[]; onSaved: () => void }) {
  const [name, setName] = useState(names[0] ?? '');
  const [value, setValue] = useState('');
  const changes = useSecretChanges(everyAgent);
  const change = useChange();
  const known = knownKey(name);
  const remark = remarkOn(name, value);
  const refused = remark?.severity === 'error';
  const submit = () => {
    if (value.trim() === '' || refused) return;
    change.start(changes.save(name, value.trim()), () => {
      setValue('');
      onSaved();
    });
  };
  const { problem } = change;
  return (
    <form
      className="flex items-start gap-2 rounded-xl border border-line p-3"
      onSubmit={(event) => {
        event.preventDefault();
        submit();
      }}
    >
      <div className="min-w-0 flex-1 space-y-2">
        {names.length > 1 ? (
          <SelectField label="Any one of" value={name} onChange={(event) => setName(event.target.value)}>
            {names.map((one) => (
              <option key={one}>{one}</option>
            ))}
          </SelectField>
        ) : (
          <p className="font-mono text-sm">{name}</p>
        )}
        <div className="flex items-start gap-2">
          <div className="flex-1">
            <TextField
              bare
              label={`Value of ${name}`}
              placeholder={known?.hint ?? 'Value'}
              type={known?.visible ? 'text' : 'password'}
              autoComplete="new-password"
              value={value}
              onChange={(event) => setValue(event.target.value)}
              error={refused ? remark.text : problem && `${problem.title}. ${problem.advice}`}
              hint={remark && <span className="text-warn">{remark.text}</span>}
            />
          </div>
          <Button type="submit" icon={Check} pending={change.pending} disabled={value.trim() === '' || refused}>
            Save
          </Button>
        </div>
      </div>
      {change.dialog}
    </form>
  );
}
