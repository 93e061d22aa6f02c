import { Fragment } from 'react';
import { isApplePlatform } from '../env.js';

const apple: Readonly<Record<string, string>> = { Mod: '⌘', Shift: '⇧', Alt: '⌥', Enter: '↵' };
const other: Readonly<Record<string, string>> = { Mod: 'Ctrl', Enter: 'Enter' };

/** Shows a shortcut such as `Mod+K` or `g then a` with the names of this platform's keys. */
export function Kbd({ keys }: { keys: string }) {
  const names = isApplePlatform() ? apple : other;
  const chords = keys.split(' then ');
  return (
    <span className="inline-flex items-center gap-0.5">
      {chords.map((chord) => (
        <Fragment key={chord}>
          {chord !== chords[0] && <span className="px-0.5 text-xs text-ink-faint">then</span>}
          {chord.split('+').map((key) => (
            <kbd
              key={key}
              className="inline-flex h-5 min-w-5 items-center justify-center rounded border border-line bg-sunken px-1 font-sans text-xs text-ink-soft"
            >
              {names[key] ?? key}
            </kbd>
          ))}
        </Fragment>
      ))}
    </span>
  );
}
