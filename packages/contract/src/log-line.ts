import { asObject, asText } from './a2a/index.js';

/**
 * One line of a log, of an agent or of the server, for a person: a JSON line becomes `12:04:31 warn  adapter_unusable  reason="No key"`, any
 * other line stays as it is. Nothing is left out.
 */
export function readableLogLine(line: string, timeOf: (iso: string) => string): string {
  if (!line.startsWith('{')) return line;
  let fields: Readonly<Record<string, unknown>>;
  try {
    fields = asObject(JSON.parse(line));
  } catch {
    // Half a line after a rotation, or text that only looks like JSON.
    return line;
  }
  const { time, level, event, msg, ...rest } = fields;
  const head = [
    asText(time) === null ? '' : timeOf(String(time)),
    asText(level) ?? '',
    asText(event) ?? asText(msg) ?? '',
  ];
  const details = Object.entries(rest).map(([name, value]) => `${name}=${wordOf(value)}`);
  const text = [...head.filter(Boolean), ...details].join('  ');
  return text === '' ? line : text;
}

function wordOf(value: unknown): string {
  if (typeof value !== 'string') return JSON.stringify(value);
  return /^[\w:./-]+$/.test(value) ? value : JSON.stringify(value);
}
