import { type DiffLine, diffLines, hunksOf } from '../model/line-diff.js';
import { classes } from './classes.js';

interface DiffViewProps {
  before: string;
  after: string;
  /** What is compared, for screen readers. */
  label: string;
}

const looks = {
  same: { sign: ' ', spoken: '', look: '' },
  removed: { sign: '−', spoken: 'Removed: ', look: 'bg-bad-soft text-bad' },
  added: { sign: '+', spoken: 'Added: ', look: 'bg-ok-soft text-ok' },
} satisfies Record<DiffLine['kind'], object>;

/** What differs between two texts, with the lines around it. Sign and colour say the same. */
export function DiffView({ before, after, label }: DiffViewProps) {
  const lines = diffLines(before, after);
  // What follows the last line break is no line of its own.
  const last = { before: before.split('\n').length, after: after.split('\n').length };
  const isEnd = (line: DiffLine) => line.text === '' && (line.before === last.before || line.after === last.after);
  const hunks = hunksOf(lines.filter((line) => !(line.kind === 'same' && isEnd(line))));
  if (hunks.length === 0) return <p className="text-sm text-ink-soft">Nothing differs.</p>;
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: a scrolling region must be reachable by keyboard
    <section tabIndex={0} aria-label={label} className="max-h-72 overflow-auto rounded-xl border border-line bg-sunken">
      <div className="w-max min-w-full py-1.5 font-mono text-xs leading-5">
        {hunks.map((hunk, index) => (
          // Hunks are made anew from the texts and never reorder.
          // biome-ignore lint/suspicious/noArrayIndexKey: see above
          <div key={index}>
            {(hunk.skipped > 0 || index > 0) && (
              <p className="bg-hover px-3 text-ink-faint">
                {hunk.skipped === 1 ? 'one unchanged line' : `${hunk.skipped} unchanged lines`}
              </p>
            )}
            {hunk.lines.map((line) => (
              <Line
                key={`${line.before}/${line.after}`}
                line={line}
                text={isEnd(line) ? '(line break at the end)' : line.text}
              />
            ))}
          </div>
        ))}
      </div>
    </section>
  );
}

function Line({ line, text }: { line: DiffLine; text: string }) {
  const { sign, spoken, look } = looks[line.kind];
  return (
    <div className={classes('flex whitespace-pre', look)}>
      <span aria-hidden className="w-10 shrink-0 pr-2 text-right text-ink-faint select-none">
        {line.after ?? line.before}
      </span>
      <span aria-hidden className="w-4 shrink-0 select-none">
        {sign}
      </span>
      {spoken !== '' && <span className="sr-only">{spoken}</span>}
      <span className="pr-3">{text}</span>
    </div>
  );
}
