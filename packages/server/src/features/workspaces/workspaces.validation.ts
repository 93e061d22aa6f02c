import { posix } from 'node:path';
import { type CreateWorkspace, type PatchWorkspace, parseUuid } from '@molecule/contract';
import { jsonBytes } from '../../platform/fit-text.js';
import { AppError, refuse } from '../../platform/http/app-error.js';

/** Rules of contract lifecycle §1.1, §1.5 and §1.8. Everything is judged before the first write. */

import { isSystemPath } from '../../provisioners/system-folders.js';

const LINE_BREAK = /[\r\n]/;
const FORBIDDEN = /[{}[\]|>*&!]/;
/** C0 and C1 controls: NUL cannot be stored at all, the others forge terminal output. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what this refuses
const CONTROL = /[\u0000-\u001f\u007f-\u009f]/;

/** Half of a pair of UTF-16 units: no character, and refused by Postgres inside JSON. */
const LONE_SURROGATE = /\p{Cs}/u;

/** What Linux takes; measured as JSON, because events tell of it. */
const FOLDER_BYTES_MAX = 4_096;

type FieldRule = { readonly bytesMax: number; readonly plain: boolean };

const RULES = {
  name: { bytesMax: 255, plain: true },
  role: { bytesMax: 1000, plain: true },
  model: { bytesMax: 100, plain: false },
  runtime: { bytesMax: 100, plain: false },
} as const satisfies Record<string, FieldRule>;

type Field = keyof typeof RULES;

/** Null when the text obeys the rule; otherwise the contract's sentence for PATCH. */
function findFault(field: Field, text: string): string | null {
  const rule: FieldRule = RULES[field];
  if (Buffer.byteLength(text) > rule.bytesMax) return `${field} must be at most ${rule.bytesMax} characters`;
  if (LINE_BREAK.test(text)) return `${field} must not contain newline characters`;
  if (CONTROL.test(text) || LONE_SURROGATE.test(text) || (rule.plain && FORBIDDEN.test(text)))
    return `${field} contains invalid characters`;
  return null;
}

/** Create answers one deliberately general text for every field (contract lifecycle §1.1). */
export function checkCreateFields(body: CreateWorkspace): void {
  const fields: readonly [Field, string | null | undefined][] = [
    ['name', body.name],
    ['role', body.role],
    ['model', body.model],
    ['runtime', body.runtime],
  ];
  if (body.name.trim() === '') refuse('invalid_workspace_payload', { help: 'The name must not be blank.' });
  for (const [field, text] of fields) {
    const fault = text ? findFault(field, text) : null;
    if (fault) refuse('invalid_workspace_fields', { help: `${fault}.` });
  }
}

/** PATCH names the field and its rule. */
export function checkPatchFields(body: PatchWorkspace): void {
  for (const field of ['name', 'role', 'runtime'] as const) {
    const text = body[field];
    const fault = text ? findFault(field, text) : null;
    if (fault) throw new AppError('invalid_field', { text: fault });
  }
  if (body.name !== undefined && body.name.trim() === '') {
    throw new AppError('invalid_field', { text: 'name must not be empty' });
  }
  if ((body.x === undefined) !== (body.y === undefined)) {
    throw new AppError('invalid_field', { text: 'x and y must be given together' });
  }
}

/**
 * Who runs a workspace is fixed with its backend when it is created: one that became external would keep an instance
 * that nobody may stop, and one that stopped being it has never had a backend here (contract lifecycle §3.5).
 */
export function checkRuntimeChange(from: string, to: string): void {
  if ((from === 'external') === (to === 'external')) return;
  throw new AppError('invalid_field', {
    text:
      to === 'external'
        ? 'runtime cannot become external: this server runs the workspace'
        : 'runtime cannot change from external: the workspace is run elsewhere',
    help: 'Create a new workspace with that runtime, and remove this one.',
  });
}

/** A folder of the owner's for the agent to work in. Null and "" mean none. Lexical: a driver judges it again by where it leads. */
export function parseWorkspaceDir(text: string | null | undefined): string | null {
  if (text === undefined || text === null || text === '') return null;
  const clean = posix.normalize(text).replace(/(.)\/$/, '$1');
  const climbs = text.split('/').includes('..') || text.includes('..');
  const unusable = CONTROL.test(text) || LONE_SURROGATE.test(text) || jsonBytes(clean) > FOLDER_BYTES_MAX;
  if (!text.startsWith('/') || climbs || isSystemPath(clean) || unusable) {
    refuse('invalid_workspace_directory');
  }
  return clean;
}

export function parseAccess(
  text: string | undefined,
  workspaceDir: string | null,
): 'none' | 'read_only' | 'read_write' {
  const access = text === undefined || text === '' ? 'none' : text;
  if (access === 'none') return access;
  if ((access === 'read_only' || access === 'read_write') && workspaceDir !== null) return access;
  return refuse('invalid_workspace_access');
}

/** A parent id of a body: null for a root, refused unless a UUID. */
export function parseParentId(text: string | null | undefined): string | null {
  if (text === undefined || text === null || text === '') return null;
  return parseUuid(text) ?? refuse('parent_not_found', { text: 'parent_id is not a UUID' });
}
