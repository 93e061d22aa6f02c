import { CONFIG_FILE } from '../templates/index.js';
import { judgePath, toComparable } from './bundle-path.js';
import { type BundleReader, createBundleReader, isMapping, shown } from './bundle-reader.js';
import { FILE_BYTES_MAX, FILES_MAX, SYSTEM_PROMPT_FILE, WORKSPACE_BYTES_MAX } from './limits.js';
import type { NamedContent } from './skills.js';

const BASE64 = /^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/;
const SKILL_ID = /^[A-Za-z0-9_][A-Za-z0-9._-]{0,127}$/;

/**
 * The files one workspace of a bundle is laid out with: its prompts, its system prompt and its skills (contract lifecycle
 * §9.2). Every one that may not be is a problem.
 */
export function readBundleFiles(node: BundleReader): readonly NamedContent[] {
  const files = new Map<string, NamedContent>();
  let total = 0;

  function add(path: string, content: Buffer): void {
    const reason =
      judgePath(path) ?? (content.length > FILE_BYTES_MAX ? `is larger than ${FILE_BYTES_MAX} bytes` : null);
    const refusal = reason ?? (files.has(toComparable(path)) ? 'is there twice' : null);
    if (refusal !== null) {
      node.problem(`the file ${shown(path)} ${refusal}`);
      return;
    }
    total += content.length;
    files.set(toComparable(path), { path, content });
  }

  for (const [path, text] of node.texts('prompts')) add(path, Buffer.from(text));
  const systemPrompt = node.text('system_prompt');
  if (systemPrompt !== '') add(SYSTEM_PROMPT_FILE, Buffer.from(systemPrompt));
  for (const { path, content } of readSkills(node)) add(path, content);

  for (const [comparable, { path }] of files) {
    const folders = comparable.split('/').slice(0, -1);
    const blocked = folders.some((_, index) => files.has(folders.slice(0, index + 1).join('/')));
    if (blocked) node.problem(`the file ${shown(path)} lies below another file`);
  }
  if (files.size > FILES_MAX) node.problem(`there are more than ${FILES_MAX} files`);
  if (total > WORKSPACE_BYTES_MAX) node.problem(`all files together exceed ${WORKSPACE_BYTES_MAX} bytes`);
  return [...files.values()];
}

export function findConfig(files: readonly NamedContent[]): string | null {
  return files.find(({ path }) => path === CONFIG_FILE)?.content.toString('utf8') ?? null;
}

function readSkills(node: BundleReader): NamedContent[] {
  const seen = new Set<string>();
  return node.list('skills').flatMap((item) => {
    if (!isMapping(item)) {
      node.problem('a skill must be a mapping with an id');
      return [];
    }
    const reasons: { path: string; reason: string }[] = [];
    const skill = createBundleReader(item, '', reasons);
    const id = skill.text('id');
    const texts = skill.texts('files');
    const encoded = skill.texts('files_base64');
    for (const { reason } of reasons) node.problem(`skill ${shown(id)}: ${reason}`);
    if (!SKILL_ID.test(id)) {
      node.problem(`${shown(id)} is no id of a skill: letters, digits, hyphens and underscores`);
      return [];
    }
    if (seen.has(toComparable(id))) {
      node.problem(`the skill ${shown(id)} is there twice`);
      return [];
    }
    seen.add(toComparable(id));
    const toPath = (rel: string): string => `skills/${id}/${rel}`;
    return [
      ...[...texts].map(([rel, text]) => ({ path: toPath(rel), content: Buffer.from(text) })),
      ...[...encoded].flatMap(([rel, text]) => {
        if (BASE64.test(text)) return [{ path: toPath(rel), content: Buffer.from(text, 'base64') }];
        node.problem(`the file ${shown(toPath(rel))} is not base64`);
        return [];
      }),
    ];
  });
}
