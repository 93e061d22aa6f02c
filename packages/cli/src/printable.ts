import { stripVTControlCharacters } from 'node:util';

// Line break and tab are layout; every other control character could move the cursor or retitle the window.
const CONTROL = /(?![\n\t])\p{Cc}/gu;

/** Text that agents wrote, made safe to print: names, answers and log lines must not be able to steer the terminal. */
export function toPrintable(text: string): string {
  return stripVTControlCharacters(text).replace(CONTROL, '');
}
