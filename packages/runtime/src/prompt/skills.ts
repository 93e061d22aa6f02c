import { parse } from 'yaml';
import { oneLine } from './peers-section.js';
import type { PromptFiles } from './prompt-files.js';

export interface Skill {
  readonly id: string;
  readonly name: string;
  readonly description: string;
  readonly body: string;
}

/**
 * Reads `skills/<id>/SKILL.md`: those config.yaml lists, in its order, or all of them when it lists none; then the skills
 * of plugins. Of two with the same id the first counts. A skill made for other runtimes is left out.
 */
export async function readSkills(
  files: PromptFiles,
  options: { readonly listed: readonly string[]; readonly plugins: readonly string[]; readonly runtime: string },
): Promise<readonly Skill[]> {
  const own = options.listed.length > 0 ? options.listed : await files.list('skills');
  const places = own.map((id) => ({ id, path: `skills/${id}/SKILL.md`, expected: options.listed.length > 0 }));
  for (const plugin of options.plugins) {
    for (const id of await files.list(`plugins/${plugin}/skills`)) {
      places.push({ id, path: `plugins/${plugin}/skills/${id}/SKILL.md`, expected: false });
    }
  }
  const skills = new Map<string, Skill>();
  for (const { id, path, expected } of places) {
    if (skills.has(id)) continue;
    const text = await files.read(path, { expected });
    const skill = text === null ? null : parseSkill(id, text, options.runtime);
    if (skill !== null) skills.set(id, skill);
  }
  return [...skills.values()];
}

export function toSkillText(skill: Skill): string {
  return [`### ${skill.name}`, skill.description, skill.body].filter((part) => part !== '').join('\n\n');
}

/** Null when the skill names runtimes and this is none of them. */
function parseSkill(id: string, text: string, runtime: string): Skill | null {
  const [, header, rest] = /^---\r?\n([\s\S]*?)\r?\n---(?:\r?\n|$)([\s\S]*)$/.exec(text) ?? [];
  const meta = header === undefined ? {} : parseHeader(header);
  const runtimes = meta.runtime;
  if (Array.isArray(runtimes) && runtimes.length > 0 && !runtimes.includes(runtime)) return null;
  return {
    id,
    name: oneLine(textOr(meta.name, id)),
    description: textOr(meta.description, '').trim(),
    body: (rest ?? text).trim(),
  };
}

/** A malformed header costs the metadata, not the skill (contract memory-mcp-rest §22.5). */
function parseHeader(header: string): Readonly<Record<string, unknown>> {
  try {
    const value: unknown = parse(header);
    return typeof value === 'object' && value !== null ? Object.fromEntries(Object.entries(value)) : {};
  } catch {
    return {};
  }
}

function textOr(value: unknown, otherwise: string): string {
  return typeof value === 'string' && value.trim() !== '' ? value : otherwise;
}
