import { createHash } from 'node:crypto';
import { cleanFilePath, FILES_MAX, type FileContent, isWellFormed, type Routes } from '@molecule/contract';
import { refuse } from '../../platform/http/app-error.js';
import type { HandlersFor, RequestInfo } from '../../platform/http/handlers.js';
import { type FileListing, isReserved, isTooLarge } from '../../provisioners/files.js';
import type { Actor } from '../access/index.js';
import type { Condition, FileVerbs } from './files.service.js';

export type FileHandlers = Pick<
  HandlersFor<Routes, Actor>,
  'listFiles' | 'readFile' | 'writeFile' | 'replaceFiles' | 'deleteFile'
>;

/** Parse, one call, reply. */
export function createFileHandlers(verbs: FileVerbs): FileHandlers {
  return {
    listFiles: async ({ params, query }) => {
      const listing = await verbs.list(params.id, query.root ?? '/configs', query.path ?? null, query.depth);
      return {
        status: 200,
        headers: { etag: `"${etagOfListing(listing)}"`, ...(listing.isCut ? { 'x-molecule-truncated': 'true' } : {}) },
        body: listing.entries.map(({ path, size, kind }) => ({
          path,
          size,
          dir: kind === 'folder',
          ...(kind === 'link' ? { link: true as const } : {}),
        })),
      };
    },

    readFile: async ({ params, query }) => {
      const { content, etag } = await verbs.read(params.id, query.root ?? '/configs', params.path);
      return {
        status: 200,
        headers: { etag: `"${etag}"` },
        body: { path: params.path, ...toText(content), size: content.length, etag },
      };
    },

    writeFile: async ({ params, body, request }) => {
      const content = toBytes(body.content, body.encoding ?? 'utf-8');
      const etag = await verbs.write(params.id, params.path, content, readCondition(request));
      return { status: 200, headers: { etag: `"${etag}"` }, body: { status: 'saved', path: params.path, etag } };
    },

    replaceFiles: async ({ params, body, request }) => {
      const given = Object.entries(body.files);
      if (given.length > FILES_MAX) return refuse('too_many_files');
      const files = new Map<string, Buffer>();
      for (const [raw, text] of given) {
        const path = cleanFilePath(raw);
        // Two names of one file: which content was meant cannot be known.
        if (path === null || isReserved('configs', path) || files.has(path)) {
          return refuse('invalid_request_body', { help: `${JSON.stringify(raw)} is not a path that can be written.` });
        }
        const content = toBytes(text, 'utf-8');
        if (isTooLarge(content.length)) return refuse('file_too_large', { text: `file too large: ${path}` });
        files.set(path, content);
      }
      const source = await verbs.replace(params.id, files, readCondition(request));
      return { status: 200, body: { status: 'replaced', workspace: params.id, files: files.size, source } };
    },

    deleteFile: async ({ params, request }) => {
      await verbs.remove(params.id, params.path, readCondition(request));
      return { status: 200, body: { status: 'deleted', path: params.path } };
    },
  };
}

/** `If-Match` and `If-None-Match: *`. A weak tag never matches: two versions that it takes for one are not the same bytes. */
function readCondition(request: RequestInfo): Condition {
  const match = tagsOf(request.headers['if-match']);
  // This one compares weakly (RFC 9110 §13.1.2): to it a version that may be the same is the same.
  const none = tagsOf(request.headers['if-none-match'])?.map((tag) => tag.replace(/^W\/"(.*)"$/, '$1')) ?? null;
  return (etag) => {
    if (match !== null && (etag === null || !(match.includes('*') || match.includes(etag)))) return false;
    return none === null || etag === null || !(none.includes('*') || none.includes(etag));
  };
}

function tagsOf(header: string | string[] | undefined): readonly string[] | null {
  if (header === undefined) return null;
  return [header]
    .flat()
    .join(',')
    .split(',')
    .map((tag) => tag.trim().replace(/^"(.*)"$/, '$1'));
}

/** As text where it is text to the last byte, so that what is written back is what was read. */
function toText(content: Buffer): Pick<FileContent, 'content' | 'encoding'> {
  try {
    const text = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(content);
    return { content: text, encoding: 'utf-8' };
  } catch {
    // Not UTF-8: a decoder that replaced what it cannot read would change the file of whoever saves it.
    return { content: content.toString('base64'), encoding: 'base64' };
  }
}

function toBytes(text: string, encoding: 'utf-8' | 'base64'): Buffer {
  if (encoding === 'base64') {
    const bytes = Buffer.from(text, 'base64');
    if (bytes.toString('base64') === text) return bytes;
    return refuse('invalid_request_body', { help: 'Field /content is not base64.' });
  }
  if (!isWellFormed(text)) {
    return refuse('invalid_request_body', { help: 'The text holds half a character, which no file could give back.' });
  }
  return Buffer.from(text, 'utf8');
}

function etagOfListing(listing: Extract<FileListing, { kind: 'found' }>): string {
  return createHash('sha256').update(JSON.stringify(listing)).digest('hex').slice(0, 32);
}
