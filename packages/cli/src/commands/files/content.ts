import { readFile, writeFile } from 'node:fs/promises';
import type { FileContent } from '@molecule/contract';
import { RefusedError } from '../../command.js';

/** What goes over the wire: text where it is text to the last byte, else base64. */
export function toBody(bytes: Buffer): { content: string; encoding: 'utf-8' | 'base64' } {
  try {
    return { content: new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes), encoding: 'utf-8' };
  } catch {
    // Not UTF-8.
    return { content: bytes.toString('base64'), encoding: 'base64' };
  }
}

export function toBytes({ content, encoding }: Pick<FileContent, 'content' | 'encoding'>): Buffer {
  return Buffer.from(content, encoding === 'base64' ? 'base64' : 'utf8');
}

/** Throws a RefusedError that names the file: a local file that cannot be used is the person's to correct. */
export async function readLocal(path: string): Promise<Buffer> {
  try {
    return await readFile(path);
  } catch (error) {
    return refuseLocal('read', path, error);
  }
}

export async function writeLocal(path: string, bytes: Buffer): Promise<void> {
  try {
    await writeFile(path, bytes);
  } catch (error) {
    refuseLocal('write', path, error);
  }
}

function refuseLocal(verb: string, path: string, error: unknown): never {
  const code = error instanceof Error && 'code' in error ? String(error.code) : 'unknown reason';
  throw new RefusedError(`cannot ${verb} the local file ${path} (${code})`);
}
