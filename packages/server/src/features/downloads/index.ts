import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { Readable } from 'node:stream';
import type { Routes } from '@molecule/contract';
import { refuse } from '../../platform/http/app-error.js';
import type { HandlersFor } from '../../platform/http/handlers.js';
import { type Actor, readHeader } from '../access/index.js';

interface Download {
  readonly content: Buffer;
  readonly etag: string;
}

/** Programs for agents elsewhere, as they were built with this server: whoever is given its address needs no registry. */
export function createDownloadHandlers(mcpPackage: string): Pick<HandlersFor<Routes, Actor>, 'downloadMoleculeMcp'> {
  // Read when somebody asks for the first time, and then kept: the build of a running server does not change.
  let known: Promise<Download | null> | null = null;
  return {
    async downloadMoleculeMcp({ request }) {
      known ??= read(mcpPackage).catch((error: unknown) => {
        // The next one asks again.
        known = null;
        throw error;
      });
      const download = await known;
      if (download === null) {
        known = null;
        return refuse('download_not_built');
      }
      // Asked for again each time, because the address stays the same with the next version.
      const headers = { etag: download.etag, 'cache-control': 'public, no-cache' };
      if (readHeader(request.headers, 'if-none-match') === download.etag) return { status: 304, headers, stream: '' };
      return {
        status: 200,
        headers: {
          ...headers,
          'content-type': 'application/gzip',
          'content-length': String(download.content.length),
          'content-disposition': 'attachment; filename="molecule-mcp.tgz"',
        },
        stream: Readable.from([download.content]),
      };
    },
  };
}

async function read(path: string): Promise<Download | null> {
  try {
    const content = await readFile(path);
    return { content, etag: `"${createHash('sha256').update(content).digest('hex').slice(0, 32)}"` };
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return null;
    throw error;
  }
}
