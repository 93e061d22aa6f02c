import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { RefusedError } from './command.js';

const FILES_MAX = 200;
const DEPTH_MAX = 16;

/**
 * The files of a template as they are sent: contents by path. Hidden files stay here, as `.git` and `.env` must. Throws a
 * RefusedError for what a template cannot hold: links, anything but text, too much.
 */
export function readTemplateFolder(folder: string): Record<string, string> {
  const files: Record<string, string> = {};
  let count = 0;

  function visit(directory: string, prefix: string, depth: number): void {
    if (depth > DEPTH_MAX) throw new RefusedError(`"${prefix}" lies more than ${DEPTH_MAX} folders deep`);
    for (const entry of readdirSync(directory, { withFileTypes: true })) {
      if (entry.name.startsWith('.')) continue;
      const path = prefix + entry.name;
      if (entry.isDirectory()) {
        visit(join(directory, entry.name), `${path}/`, depth + 1);
        continue;
      }
      if (!entry.isFile()) {
        throw new RefusedError(`"${path}" is neither a file nor a folder`, { help: 'Put a copy in place of a link.' });
      }
      count += 1;
      if (count > FILES_MAX) throw new RefusedError(`"${folder}" has more than ${FILES_MAX} files`);
      files[path] = readText(join(directory, entry.name), path);
    }
  }

  try {
    visit(folder, '', 0);
  } catch (error) {
    if (!(error instanceof Error && 'code' in error)) throw error;
    throw new RefusedError(`"${folder}" cannot be read (${String(error.code)})`);
  }
  if (count === 0) throw new RefusedError(`"${folder}" has no files`);
  return files;
}

function readText(file: string, path: string): string {
  const content = readFileSync(file);
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(content);
  } catch {
    // Sent as text it would arrive as something else.
    throw new RefusedError(`"${path}" is not UTF-8 text`, { help: 'A template holds texts only.' });
  }
}
