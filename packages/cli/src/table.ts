import { toPrintable } from './printable.js';
import { widthOf } from './width.js';

const GAP = '  ';

/** Columns of text, aligned by what a terminal shows. A cell is one line: breaks inside it become spaces. */
export function table(header: readonly string[], rows: readonly (readonly string[])[]): string {
  const all = [header, ...rows.map((row) => row.map(toCell))];
  const widths = header.map((_, column) => Math.max(...all.map((row) => widthOf(row[column] ?? ''))));
  return all
    .map((row) =>
      row
        .map((cell, column) => cell + ' '.repeat((widths[column] ?? 0) - widthOf(cell)))
        .join(GAP)
        .trimEnd(),
    )
    .join('\n');
}

function toCell(text: string): string {
  return toPrintable(text).replace(/[\n\t]+/g, ' ');
}
