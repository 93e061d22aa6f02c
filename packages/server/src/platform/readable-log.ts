import { readableLogLine } from '@molecule/contract/log-line';
import type { DestinationStream } from 'pino';

// Text from a request must not forge a line or steer the terminal (contract registry-a2a B-76); JSON had escaped it.
const CONTROL = /\p{Cc}+/gu;

/** Turns the logger's JSON lines into short ones for a person: time, level, message, details. */
export function readableLog(write: (text: string) => void): DestinationStream {
  return {
    write(line) {
      write(`${readableLogLine(line.trimEnd(), timeOfDay).replace(CONTROL, ' ')}\n`);
    },
  };
}

function timeOfDay(iso: string): string {
  return new Date(iso).toTimeString().slice(0, 8);
}
