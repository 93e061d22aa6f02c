import { useId, useState } from 'react';
import { Button } from '../../ui/button.js';
import { TextField } from '../../ui/field.js';
import type { Origin } from './model-origin.js';
import { type Change, useChange } from './use-change.js';

interface ChosenFieldProps {
  label: string;
  /** Null while something else decides. */
  chosen: string | null;
  origin: Origin;
  suggestions: readonly string[];
  placeholder: string;
  /** The empty text takes the choice back. */
  changeTo: (value: string) => Change;
}

/** A value that has a default: it can be chosen, changed, and given back to whatever decides otherwise. */
export function ChosenField({ label, chosen, origin, suggestions, placeholder, changeTo }: ChosenFieldProps) {
  const [typed, setTyped] = useState<string | null>(null);
  const change = useChange();
  const options = useId();
  const value = typed ?? chosen ?? '';
  const next = value.trim();
  const changed = next !== (chosen ?? '');
  const { problem } = change;
  const start = (to: string) => change.start(changeTo(to), () => setTyped(null));
  return (
    <form
      onSubmit={(event) => {
        event.preventDefault();
        if (changed) start(next);
      }}
    >
      <div className="flex items-start gap-2">
        <div className="min-w-0 flex-1">
          <TextField
            label={label}
            list={options}
            placeholder={placeholder}
            value={value}
            onChange={(event) => setTyped(event.target.value)}
            error={problem && `${problem.title}. ${problem.advice}`}
            hint={origin.text}
          />
          <datalist id={options}>
            {suggestions.map((one) => (
              <option key={one} value={one} />
            ))}
          </datalist>
        </div>
        {/* Level with the field, below its label. */}
        <Button
          type="submit"
          aria-label={`Save ${label.toLowerCase()}`}
          pending={change.pending}
          disabled={!changed}
          className="mt-[1.6rem]"
        >
          Save
        </Button>
        {chosen !== null && (
          <Button
            look="quiet"
            aria-label={`Use default ${label.toLowerCase()}`}
            disabled={change.pending}
            onClick={() => start('')}
            className="mt-[1.6rem]"
          >
            Use default
          </Button>
        )}
      </div>
      {change.dialog}
    </form>
  );
}
