/** One line of a comparison. Numbers are 1-based; null where the line does not exist on that side. */
export interface DiffLine {
  readonly kind: 'same' | 'removed' | 'added';
  readonly text: string;
  readonly before: number | null;
  readonly after: number | null;
}

/** A stretch of lines that belong together: changes with what surrounds them. */
export interface DiffHunk {
  readonly lines: readonly DiffLine[];
  /** Unchanged lines left out before it. */
  readonly skipped: number;
}

/** Above this the differing middle is told as one replacement, so that no text can hold up the page. */
const CELLS_MAX = 4_000_000;

/** The shortest way from one text to the other, line by line; removals before additions. */
export function diffLines(before: string, after: string): DiffLine[] {
  const a = before.split('\n');
  const b = after.split('\n');
  let start = 0;
  while (start < a.length && start < b.length && a[start] === b[start]) start += 1;
  let end = 0;
  while (end < a.length - start && end < b.length - start && a[a.length - 1 - end] === b[b.length - 1 - end]) end += 1;
  const middle = diffMiddle(a.slice(start, a.length - end), b.slice(start, b.length - end));
  return number([
    ...a.slice(0, start).map((text) => ({ kind: 'same' as const, text })),
    ...middle,
    ...a.slice(a.length - end).map((text) => ({ kind: 'same' as const, text })),
  ]);
}

/** Changes with `around` unchanged lines on both sides; empty when nothing differs. */
export function hunksOf(lines: readonly DiffLine[], around = 3): DiffHunk[] {
  const kept = lines.map((_, index) =>
    lines.slice(Math.max(0, index - around), index + around + 1).some((line) => line.kind !== 'same'),
  );
  const hunks: { lines: DiffLine[]; skipped: number }[] = [];
  let skipped = 0;
  let open: DiffLine[] | null = null;
  for (const [index, line] of lines.entries()) {
    if (!kept[index]) {
      skipped += 1;
      open = null;
      continue;
    }
    if (open === null) {
      open = [];
      hunks.push({ lines: open, skipped });
      skipped = 0;
    }
    open.push(line);
  }
  return hunks;
}

type Change = Pick<DiffLine, 'kind' | 'text'>;

function diffMiddle(a: readonly string[], b: readonly string[]): Change[] {
  const removed = a.map((text) => ({ kind: 'removed' as const, text }));
  const added = b.map((text) => ({ kind: 'added' as const, text }));
  if (a.length === 0 || b.length === 0 || a.length * b.length > CELLS_MAX) return [...removed, ...added];

  const width = b.length + 1;
  // Length of the longest common sequence of what follows each pair of positions.
  const common = new Uint32Array((a.length + 1) * width);
  const at = (i: number, j: number) => common[i * width + j] ?? 0;
  for (let i = a.length - 1; i >= 0; i -= 1) {
    for (let j = b.length - 1; j >= 0; j -= 1) {
      common[i * width + j] = a[i] === b[j] ? at(i + 1, j + 1) + 1 : Math.max(at(i + 1, j), at(i, j + 1));
    }
  }
  const changes: Change[] = [];
  let i = 0;
  let j = 0;
  while (i < a.length && j < b.length) {
    if (a[i] === b[j]) {
      changes.push({ kind: 'same', text: a[i] ?? '' });
      i += 1;
      j += 1;
    } else if (at(i + 1, j) >= at(i, j + 1)) {
      changes.push({ kind: 'removed', text: a[i] ?? '' });
      i += 1;
    } else {
      changes.push({ kind: 'added', text: b[j] ?? '' });
      j += 1;
    }
  }
  return [...changes, ...removed.slice(i), ...added.slice(j)];
}

function number(changes: readonly Change[]): DiffLine[] {
  let before = 0;
  let after = 0;
  return changes.map(({ kind, text }) => {
    if (kind !== 'added') before += 1;
    if (kind !== 'removed') after += 1;
    return {
      kind,
      text,
      before: kind === 'added' ? null : before,
      after: kind === 'removed' ? null : after,
    };
  });
}
