import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { errorCode } from './errors.js';

/** What a running postmaster writes into `postmaster.pid`; fields it has not written yet are null. */
export interface PostmasterFile {
  readonly pid: number;
  readonly port: number | null;
  /** `starting`, `ready`, `stopping`, `standby`. */
  readonly status: string | null;
}

export function postmasterFilePath(data: string): string {
  return join(data, 'postmaster.pid');
}

/** Null when there is no such file, or nothing in it that could be a pid. */
export async function findPostmasterFile(data: string): Promise<PostmasterFile | null> {
  try {
    return parsePostmasterFile(await readFile(postmasterFilePath(data), 'utf8'));
  } catch (error) {
    if (errorCode(error) === 'ENOENT') return null;
    throw error;
  }
}

/** Lines: pid, data directory, start time, port, socket directory, listen address, shared memory, status. */
export function parsePostmasterFile(text: string): PostmasterFile | null {
  const lines = text.split('\n').map((line) => line.trim());
  const pid = Number.parseInt(lines[0] ?? '', 10);
  if (!Number.isInteger(pid) || pid <= 1) return null;
  const port = Number.parseInt(lines[3] ?? '', 10);
  return { pid, port: Number.isInteger(port) && port > 0 ? port : null, status: lines[7] || null };
}
