import { classes } from '../../ui/classes.js';

/** The first letters of a name: something to recognise an agent by before reading. */
export function Monogram({ name, muted = false }: { name: string; muted?: boolean }) {
  const letters = name
    .split(/\s+/)
    .slice(0, 2)
    .map((word) => [...word][0] ?? '')
    .join('')
    .toUpperCase();
  return (
    <span
      aria-hidden
      className={classes(
        'inline-flex size-6 shrink-0 items-center justify-center rounded-md text-[11px] font-semibold',
        muted ? 'bg-rest-soft text-rest' : 'bg-accent-soft text-accent',
      )}
    >
      {letters}
    </span>
  );
}
