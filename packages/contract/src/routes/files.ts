import Type, { type Static } from 'typebox';
import { cleanFilePath, FILE_ROOTS } from '../file-path.js';
import { choice, type Param, workspaceId } from '../query.js';
import { route } from '../route.js';

/** Files of a bulk write (contract lifecycle §6.3). */
export const FILES_MAX = 200;
/** Bytes of one file that can be read or written. */
export const FILE_BYTES_MAX = 5 * 1024 * 1024;
const WRITE_LIMIT_BYTES = 8 * 1024 * 1024;
const BULK_LIMIT_BYTES = 16 * 1024 * 1024;

/** The rest of the path. A single leading slash is what the wildcard leaves of `files//x`; clients send it (D1). */
const filePath: Param<string> = {
  kind: 'text',
  schema: { type: 'string' },
  describe: 'path of the file below its root',
  parse(raw) {
    const path = cleanFilePath(raw?.replace(/^\//, '') ?? '');
    return path === null
      ? { ok: false, code: 'invalid_path', reason: 'not a relative path inside the root' }
      : { ok: true, value: path };
  },
};

/** A folder below the root; undefined is the root itself. */
const folderPath: Param<string | undefined> = {
  kind: 'text',
  schema: { type: 'string' },
  describe: 'folder to list, below the root',
  parse(raw) {
    if (raw === undefined || raw === '') return { ok: true, value: undefined };
    const path = cleanFilePath(raw);
    return path === null
      ? { ok: false, code: 'invalid_path', reason: 'not a relative path inside the root' }
      : { ok: true, value: path };
  },
};

const depth: Param<number> = {
  kind: 'integer',
  schema: { type: 'integer', minimum: 1, maximum: 5, default: 1 },
  describe: 'levels of folders to list',
  parse(raw) {
    if (raw === undefined || raw === '') return { ok: true, value: 1 };
    return /^[1-5]$/.test(raw)
      ? { ok: true, value: Number(raw) }
      : { ok: false, code: 'invalid_depth', reason: 'must be 1 to 5' };
  },
};

const root = choice(
  'folder of the agent, /configs unless told; writes and deletes always mean /configs',
  FILE_ROOTS,
  'invalid_root',
);

export const FileEntry = Type.Object({
  /** Relative to the folder that was listed. */
  path: Type.String(),
  size: Type.Integer(),
  dir: Type.Boolean(),
  /** Additive: a symbolic link; it is shown, but never followed. */
  link: Type.Optional(Type.Literal(true)),
});
export type FileEntry = Static<typeof FileEntry>;

export const FileContent = Type.Object({
  path: Type.String(),
  /** The text, or base64 when the bytes are not UTF-8. */
  content: Type.String(),
  /** In bytes of the file. */
  size: Type.Integer(),
  /** Additive. */
  encoding: Type.Union([Type.Literal('utf-8'), Type.Literal('base64')]),
  /** Additive: the ETag header without its quotes, for If-Match. */
  etag: Type.String(),
});
export type FileContent = Static<typeof FileContent>;

const id = { id: workspaceId };

const shared = [
  'invalid_workspace_id',
  'workspace_not_found',
  'workspace_on_another_host',
  'files_unavailable',
] as const;

/**
 * The files of an agent (contract lifecycle §6). Answers carry an ETag; a write or delete with `If-Match` changes nothing
 * when the file is another by now (412), and `If-None-Match: *` only creates. Of several files each has to be one of the
 * versions named, or nothing is written.
 */
export const fileRoutes = {
  listFiles: route({
    method: 'GET',
    path: '/workspaces/:id/files',
    summary: 'List a folder of the agent',
    access: 'workspace',
    rate: 'default',
    params: id,
    query: { root, path: folderPath, depth },
    responses: { 200: Type.Array(FileEntry) },
    errors: [...shared, 'invalid_root', 'invalid_path', 'invalid_depth', 'file_read_failed'],
    failedText: 'failed to list files',
    source: 'lifecycle §6.3',
  }),
  readFile: route({
    method: 'GET',
    path: '/workspaces/:id/files/*path',
    summary: 'Read one file of the agent',
    access: 'workspace',
    rate: 'default',
    params: { ...id, path: filePath },
    query: { root },
    responses: { 200: FileContent },
    errors: [...shared, 'invalid_root', 'invalid_path', 'file_not_found', 'file_too_large', 'file_read_failed'],
    failedText: 'failed to read file',
    source: 'lifecycle §6.3',
  }),
  writeFile: route({
    method: 'PUT',
    path: '/workspaces/:id/files/*path',
    summary: 'Write one file of the configuration folder',
    access: 'workspace',
    rate: 'default',
    params: { ...id, path: filePath },
    body: Type.Object({
      content: Type.String(),
      /** Additive: `base64` for bytes that are not text. */
      encoding: Type.Optional(Type.Union([Type.Literal('utf-8'), Type.Literal('base64')])),
    }),
    invalidBody: 'invalid_request_body',
    bodyLimitBytes: WRITE_LIMIT_BYTES,
    responses: {
      200: Type.Object({ status: Type.Literal('saved'), path: Type.String(), etag: Type.String() }),
    },
    errors: [...shared, 'invalid_path', 'file_too_large', 'file_changed', 'file_write_failed'],
    failedText: 'failed to write file: unexpected error',
    source: 'lifecycle §6.3',
  }),
  replaceFiles: route({
    method: 'PUT',
    path: '/workspaces/:id/files',
    summary: 'Write several files of the configuration folder; others stay',
    access: 'workspace',
    rate: 'default',
    params: id,
    body: Type.Object({ files: Type.Record(Type.String(), Type.String()) }),
    invalidBody: 'invalid_request_body',
    bodyLimitBytes: BULK_LIMIT_BYTES,
    responses: {
      200: Type.Object({
        status: Type.Literal('replaced'),
        workspace: Type.String(),
        files: Type.Integer(),
        source: Type.Union([
          Type.Literal('ec2-ssh'),
          Type.Literal('container'),
          Type.Literal('volume'),
          Type.Literal('template'),
        ]),
      }),
    },
    errors: [...shared, 'too_many_files', 'file_too_large', 'file_write_failed', 'file_changed'],
    failedText: 'failed to write files to workspace',
    source: 'lifecycle §6.3',
  }),
  deleteFile: route({
    method: 'DELETE',
    path: '/workspaces/:id/files/*path',
    summary: 'Delete a file, or a folder with all it holds, of the configuration folder',
    access: 'workspace',
    rate: 'default',
    params: { ...id, path: filePath },
    responses: { 200: Type.Object({ status: Type.Literal('deleted'), path: Type.String() }) },
    errors: [...shared, 'invalid_path', 'file_not_found', 'file_changed', 'file_delete_failed'],
    failedText: 'failed to delete: unexpected error',
    source: 'lifecycle §6.3',
  }),
} as const;
