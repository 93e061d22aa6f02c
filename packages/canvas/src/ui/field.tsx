import { ChevronDown } from 'lucide-react';
import type { InputHTMLAttributes, ReactNode, Ref, SelectHTMLAttributes } from 'react';
import { useId } from 'react';
import { classes } from './classes.js';

const control =
  'w-full rounded-lg border border-line-strong/60 bg-surface px-3 text-sm text-ink placeholder:text-ink-faint transition-colors hover:border-line-strong focus-visible:border-accent aria-invalid:border-danger disabled:opacity-60';

interface FieldProps {
  label: string;
  hint?: ReactNode;
  error?: string | null;
  /** Hides the label from view; screen readers still get it. */
  bare?: boolean;
  children: (ids: { id: string; describedBy: string | undefined; invalid: boolean }) => ReactNode;
}

/** Label, control, hint and error, tied together for screen readers. */
function Field({ label, hint, error, bare = false, children }: FieldProps) {
  const id = useId();
  const noteId = `${id}-note`;
  const invalid = Boolean(error);
  const describedBy = error || hint ? noteId : undefined;
  return (
    <div>
      <label htmlFor={id} className={bare ? 'sr-only' : 'mb-1 block text-sm font-medium text-ink'}>
        {label}
      </label>
      {children({ id, describedBy, invalid })}
      {error ? (
        <p id={noteId} role="alert" className="mt-1 text-xs text-danger">
          {error}
        </p>
      ) : (
        hint && (
          <div id={noteId} className="mt-1 text-xs text-ink-faint">
            {hint}
          </div>
        )
      )}
    </div>
  );
}

interface TextFieldProps extends Omit<InputHTMLAttributes<HTMLInputElement>, 'id'> {
  label: string;
  hint?: ReactNode;
  error?: string | null;
  bare?: boolean;
  ref?: Ref<HTMLInputElement>;
}

export function TextField({ label, hint, error = null, bare = false, className, ...rest }: TextFieldProps) {
  return (
    <Field label={label} hint={hint} error={error} bare={bare}>
      {({ id, describedBy, invalid }) => (
        <input
          autoComplete="off"
          spellCheck={false}
          {...rest}
          id={id}
          aria-describedby={describedBy}
          aria-invalid={invalid || undefined}
          className={classes(control, 'h-9', className)}
        />
      )}
    </Field>
  );
}

interface SelectFieldProps extends Omit<SelectHTMLAttributes<HTMLSelectElement>, 'id'> {
  label: string;
  hint?: ReactNode;
  bare?: boolean;
}

/** The platform's own select: it works with every input method and screen reader. */
export function SelectField({ label, hint, bare = false, className, children, ...rest }: SelectFieldProps) {
  return (
    <Field label={label} hint={hint} bare={bare}>
      {({ id, describedBy }) => (
        <div className="relative">
          <select
            {...rest}
            id={id}
            aria-describedby={describedBy}
            className={classes(control, 'h-9 appearance-none pr-8', className)}
          >
            {children}
          </select>
          <ChevronDown
            aria-hidden
            className="pointer-events-none absolute top-1/2 right-2.5 size-4 -translate-y-1/2 text-ink-faint"
          />
        </div>
      )}
    </Field>
  );
}

interface CheckFieldProps {
  label: string;
  hint: ReactNode;
  checked: boolean;
  disabled?: boolean;
  onChange: (checked: boolean) => void;
}

export function CheckField({ label, hint, checked, disabled = false, onChange }: CheckFieldProps) {
  const id = useId();
  return (
    <div className="flex gap-2.5">
      <input
        id={id}
        type="checkbox"
        checked={checked}
        disabled={disabled}
        onChange={(event) => onChange(event.target.checked)}
        aria-describedby={`${id}-note`}
        className="mt-0.5 size-4 shrink-0 accent-accent-fill"
      />
      <div className="min-w-0">
        <label htmlFor={id} className="text-sm font-medium text-ink">
          {label}
        </label>
        <div id={`${id}-note`} className="mt-0.5 text-xs text-ink-soft">
          {hint}
        </div>
      </div>
    </div>
  );
}
