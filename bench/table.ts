/** One promise of speed and what was measured. */
export interface Row {
  readonly what: string;
  readonly owed: string;
  readonly measured: string;
  readonly ok: boolean;
}

export function toTable(rows: readonly Row[]): string {
  const cells = rows.map(({ what, owed, measured, ok }) => [what, owed, measured, ok ? 'PASS' : 'FAIL']);
  const all = [['what', 'owed', 'measured', ''], ...cells];
  const widths = [0, 1, 2, 3].map((column) => Math.max(...all.map((line) => (line[column] ?? '').length)));
  const lines = all.map((line) =>
    line
      .map((cell, column) => cell.padEnd(widths[column] ?? 0))
      .join('  ')
      .trimEnd(),
  );
  const rule = widths.map((width) => '-'.repeat(width)).join('  ');
  return [lines[0], rule, ...lines.slice(1)].join('\n');
}

export function milliseconds(value: number): string {
  return `${value < 10 ? value.toFixed(1) : value.toFixed(0)} ms`;
}
