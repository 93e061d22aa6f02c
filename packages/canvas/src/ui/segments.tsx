import { useId } from 'react';
import { classes } from './classes.js';

interface SegmentsProps<T extends string> {
  /** Name of the choice. */
  label: string;
  /** How the name looks; without it only screen readers get it. */
  labelLook?: string;
  options: readonly { readonly id: T; readonly label: string }[];
  value: T;
  onChange: (next: T) => void;
}

/** One of a few, all of them in sight. Radio buttons underneath, so that arrow keys choose. */
export function Segments<T extends string>({
  label,
  labelLook = 'sr-only',
  options,
  value,
  onChange,
}: SegmentsProps<T>) {
  const name = useId();
  return (
    <fieldset>
      <legend className={labelLook}>{label}</legend>
      <div className="inline-flex max-w-full flex-wrap rounded-lg border border-line bg-sunken p-0.5">
        {options.map((one) => (
          <label
            key={one.id}
            className={classes(
              'cursor-pointer rounded-md px-3 py-1.5 text-sm has-focus-visible:outline-2 has-focus-visible:outline-accent',
              value === one.id ? 'bg-surface font-medium shadow-card dark:bg-hover' : 'text-ink-soft hover:text-ink',
            )}
          >
            <input
              type="radio"
              name={name}
              value={one.id}
              checked={value === one.id}
              onChange={() => onChange(one.id)}
              className="sr-only"
            />
            {one.label}
          </label>
        ))}
      </div>
    </fieldset>
  );
}
