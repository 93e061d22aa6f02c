import { useState } from 'react';
import { Button } from './button.js';
import { CopyButton } from './copy-button.js';

/** More than this makes a page slow to draw and nobody reads it in one go. */
const SHOWN_CHARACTERS = 20_000;

interface JsonBlockProps {
  /** Names it in its heading: "Request body". */
  name: string;
  value: unknown;
}

/** A body as it was recorded: closed at first, indented, copied whole, and a long one cut where it says so. */
export function JsonBlock({ name, value }: JsonBlockProps) {
  const [open, setOpen] = useState(false);
  return (
    <details onToggle={(event) => setOpen(event.currentTarget.open)}>
      <summary className="w-fit cursor-pointer rounded text-xs text-ink-soft hover:text-ink">{name}</summary>
      {/* Written out only when somebody looks. */}
      {open && <JsonText name={name} text={JSON.stringify(value, null, 2)} />}
    </details>
  );
}

function JsonText({ name, text }: { name: string; text: string }) {
  return (
    <div className="relative mt-2">
      <LongText text={text} limit={SHOWN_CHARACTERS}>
        {(shown) => (
          <pre
            // biome-ignore lint/a11y/noNoninteractiveTabindex: a scrolling region must be reachable by keyboard
            tabIndex={0}
            className="max-h-80 overflow-auto rounded-lg border border-line bg-surface p-3 pr-10 font-mono text-xs leading-5"
          >
            {shown}
          </pre>
        )}
      </LongText>
      <div className="absolute top-1.5 right-1.5">
        <CopyButton text={text} label={`Copy ${name.toLowerCase()}`} />
      </div>
    </div>
  );
}

interface LongTextProps {
  text: string;
  /** Characters that are shown at first. */
  limit: number;
  children: (shown: string) => React.ReactNode;
}

/** The beginning of a long text, how much is missing, and the rest on demand. */
export function LongText({ text, limit, children }: LongTextProps) {
  const [whole, setWhole] = useState(false);
  const cut = !whole && text.length > limit;
  return (
    <>
      {children(cut ? `${text.slice(0, limit)} …` : text)}
      {cut && (
        <p className="mt-1.5 flex flex-wrap items-center gap-2 text-xs text-ink-soft">
          Cut here: {(text.length - limit).toLocaleString()} more characters.
          <Button size="small" onClick={() => setWhole(true)}>
            Show all
          </Button>
        </p>
      )}
    </>
  );
}
