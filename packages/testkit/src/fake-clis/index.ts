import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

/** The path of a program that speaks the lines of the real one; see the file for what it does. */
export function fakeCli(name: 'claude' | 'codex'): string {
  return fileURLToPath(new URL(`./${name}.mjs`, import.meta.url));
}

/** The files of a package that brings it, for a registry of a test. */
export function fakeCliFiles(name: 'claude' | 'codex', place: string): Readonly<Record<string, string>> {
  const read = (file: string) => readFileSync(fileURLToPath(new URL(file, import.meta.url)), 'utf8');
  return { [place]: read(`./${name}.mjs`), 'mcp-call.mjs': read('./mcp-call.mjs') };
}
