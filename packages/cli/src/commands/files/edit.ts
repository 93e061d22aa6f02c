import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { ApiError, type Client } from '@molecule/contract/client';
import { type Command, RefusedError } from '../../command.js';
import { findWorkspace } from '../../find-workspace.js';
import { readLocal, toBody, writeLocal } from './content.js';
import { runEditor } from './editor.js';
import { readPath } from './place.js';

/** Opens a file in the person's editor and writes it back, unless somebody else has changed it meanwhile. */
export const filesEdit: Command = {
  path: ['files', 'edit'],
  args: [
    { name: 'name', required: true },
    { name: 'path', required: true },
  ],
  flags: {},
  summary: 'Edit a file of the configuration folder of an agent in $EDITOR',
  async run({ args, client, environment }) {
    const path = readPath(args[1]);
    const connection = client();
    const workspace = await findWorkspace(connection, args[0] ?? '');
    const before = await fetchText(connection, workspace.id, path);
    // A folder of its own: the name, and with it the editor's mode, stays that of the file.
    const folder = await mkdtemp(join(tmpdir(), 'molecule-edit-'));
    const file = join(folder, basename(path));
    let isKept = false;
    try {
      await writeLocal(file, Buffer.from(before?.content ?? ''));
      try {
        await runEditor(environment.editor, file);
      } catch (error) {
        isKept = !(await readLocal(file)).equals(Buffer.from(before?.content ?? ''));
        throw isKept ? keeping(error, path, file) : error;
      }
      const edited = await readLocal(file);
      if (edited.equals(Buffer.from(before?.content ?? ''))) {
        return { data: { status: 'unchanged', path }, text: `${path} was not changed` };
      }
      const headers = before === null ? { 'if-none-match': '*' } : { 'if-match': `"${before.etag}"` };
      const input = { params: { id: workspace.id, path }, body: toBody(edited) };
      try {
        const { body } = await connection.call('writeFile', input, { headers });
        return { data: body, text: `${workspace.name}: ${path} saved; the agent sees it after a restart` };
      } catch (error) {
        // Whatever went wrong, an evening of editing is not thrown away.
        isKept = true;
        throw keeping(error, path, file);
      }
    } finally {
      if (!isKept) await rm(folder, { recursive: true, force: true });
    }
  },
};

/** Null when there is no such file yet. */
async function fetchText(
  connection: Client,
  id: string,
  path: string,
): Promise<{ readonly content: string; readonly etag: string } | null> {
  try {
    const { body } = await connection.call('readFile', { params: { id, path } });
    if (body.encoding === 'utf-8') return body;
    throw new RefusedError(`${path} is no text, so it cannot be edited here`);
  } catch (error) {
    if (error instanceof ApiError && error.code === 'file_not_found') return null;
    throw error;
  }
}

function keeping(error: unknown, path: string, file: string): unknown {
  if (error instanceof ApiError && error.code === 'file_changed') {
    return new RefusedError(`conflict: ${path} was changed by somebody else while you edited it; nothing was written`, {
      help: `Your version is kept in ${file}. Edit again, bring it in, and remove that file.`,
      fields: { conflict: true, path, kept: file },
    });
  }
  const reason = error instanceof Error ? error.message : String(error);
  return new RefusedError(`${path} could not be saved: ${reason}`, {
    help: `Your version is kept in ${file}.`,
    fields: { path, kept: file },
  });
}
