import { isUtf8 } from 'node:buffer';
import type { BundleSkill } from '@molecule/contract';
import { parse } from 'yaml';

export interface NamedContent {
  readonly path: string;
  readonly content: Buffer;
}

const FOLDER = 'skills/';

/** `skills/<id>/<rel>`; null for a file that belongs to no skill. */
export function skillOf(path: string): { readonly id: string; readonly rel: string } | null {
  if (!path.startsWith(FOLDER)) return null;
  const [id = '', ...rest] = path.slice(FOLDER.length).split('/');
  return rest.length === 0 ? null : { id, rel: rest.join('/') };
}

/** The skills that these files make up, by id. */
export function toSkills(files: readonly NamedContent[]): BundleSkill[] {
  const byId = new Map<string, { texts: [string, string][]; others: [string, string][] }>();
  for (const { path, content } of files) {
    const place = skillOf(path);
    if (place === null) continue;
    const skill = byId.get(place.id) ?? { texts: [], others: [] };
    byId.set(place.id, skill);
    if (isUtf8(content)) skill.texts.push([place.rel, content.toString('utf8')]);
    else skill.others.push([place.rel, content.toString('base64')]);
  }
  return [...byId].sort(byFirst).map(([id, { texts, others }]) => {
    const about = describeSkill(id, texts.find(([rel]) => rel === 'SKILL.md')?.[1] ?? '');
    return {
      id,
      ...about,
      files: Object.fromEntries(texts.sort(byFirst)),
      ...(others.length > 0 ? { files_base64: Object.fromEntries(others.sort(byFirst)) } : {}),
    };
  });
}

/** The description is the first line after the front matter that is neither empty nor a heading (contract lifecycle §9.3). */
function describeSkill(id: string, text: string): { readonly name: string; readonly description: string } {
  const [, header, body = text] = /^---\r?\n([\s\S]*?)\r?\n---(?:\r?\n|$)([\s\S]*)$/.exec(text) ?? [];
  const lines = body.split(/\r?\n/).map((line) => line.trim());
  return {
    name: (header === undefined ? null : readName(header)) ?? id,
    description: lines.find((line) => line !== '' && !line.startsWith('#')) ?? '',
  };
}

function readName(header: string): string | null {
  try {
    const value: unknown = parse(header);
    const name = typeof value === 'object' && value !== null && 'name' in value ? value.name : null;
    return typeof name === 'string' && name.trim() !== '' ? name : null;
  } catch {
    // A malformed header costs the name, not the skill.
    return null;
  }
}

function byFirst([a]: readonly [string, unknown], [b]: readonly [string, unknown]): number {
  return a < b ? -1 : 1;
}
