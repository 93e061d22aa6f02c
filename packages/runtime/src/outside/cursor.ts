import { readFile, rm } from 'node:fs/promises';
import { replaceFile } from '../journal/durable-file.js';

/** How far an inbox was read: the id of its last row. */
export interface Cursor {
  /** Null when there is none, or when it cannot be read: the backlog is then read again. */
  read(): Promise<string | null>;
  write(id: string): Promise<void>;
  clear(): Promise<void>;
}

/** Kept in a file that is replaced in one step. What cannot be kept is remembered while the process lives. */
export function createCursorFile(path: string, onTrouble: (error: unknown) => void): Cursor {
  let known: string | null | undefined;
  return {
    async read() {
      known ??= await readFile(path, 'utf8').then(
        (text) => text.trim() || null,
        () => null,
      );
      return known;
    },
    async write(id) {
      if (known === id) return;
      known = id;
      await replaceFile(path, `${id}\n`).catch(onTrouble);
    },
    async clear() {
      known = null;
      await rm(path, { force: true }).catch(onTrouble);
    },
  };
}
