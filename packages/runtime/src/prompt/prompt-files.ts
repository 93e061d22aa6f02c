import type { Log } from '../log.js';
import { listInside, readInside } from './read-inside.js';

// Per file: no prompt a person writes comes near it. In all: about 60,000 tokens, a third of a usual window.
const FILE_BYTES_MAX = 64 * 1024;
export const TOTAL_BYTES_MAX = 240 * 1024;

/** The files a prompt is made of, read within one budget. What does not fit is cut, with a note in the text and the log. */
export interface PromptFiles {
  /** Null when there is no such file (a warning if it is `expected`) or it may not be read (always a warning). */
  read(path: string, options?: { readonly expected?: boolean }): Promise<string | null>;
  list(folder: string): Promise<readonly string[]>;
}

export function createPromptFiles(configsDir: string, log: Pick<Log, 'warn'>, totalBytesMax: number): PromptFiles {
  let left = totalBytesMax;
  return {
    async read(path, options = {}) {
      const allowed = Math.min(FILE_BYTES_MAX, left);
      const file = await readInside(configsDir, path, allowed);
      switch (file.kind) {
        case 'missing':
          if (options.expected === true) log.warn('prompt_file_missing', { path });
          return null;
        case 'refused':
          log.warn('prompt_file_refused', { path, reason: file.reason });
          return null;
        case 'text': {
          left -= Math.min(file.bytes, allowed);
          if (!file.isCut) return file.text;
          log.warn('prompt_file_cut', { path, bytes: file.bytes, bytes_kept: allowed });
          return `${file.text}\n[Cut: ${path} has ${file.bytes} bytes; only the first ${allowed} are part of this prompt.]`;
        }
      }
    },
    list: (folder) => listInside(configsDir, folder),
  };
}
