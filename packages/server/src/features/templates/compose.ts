import { StartRefusal } from '../workspaces/index.js';
import { adaptConfig, generateConfig, type WorkspaceIdentity } from './config-file.js';
import { hashContent } from './content-hash.js';
import { parseTemplateConfig } from './template-config.js';
import { CONFIG_FILE, type FolderContent, readFolderFiles } from './template-folder.js';
import type { TemplateLookup } from './template-lookup.js';

export interface ComposedFile {
  readonly path: string;
  readonly content: Buffer;
  readonly mode?: number;
}

export interface ComposeInput extends WorkspaceIdentity {
  /** Label of the template to lay; null for none. */
  readonly template: string | null;
  /** Files of the workspace itself: each replaces the template's of the same path. */
  readonly seedFiles: readonly ComposedFile[];
}

export interface ComposedConfig {
  readonly files: readonly ComposedFile[];
  /** Of the template's own files, as they were read for this composition; null without a template. */
  readonly templateHash: string | null;
}

/** Template below, seed files above it, and the workspace's own identity in whichever config.yaml results. */
export async function composeConfig(lookup: TemplateLookup, input: ComposeInput): Promise<ComposedConfig> {
  const files = new Map<string, ComposedFile>();
  const template = input.template === null ? null : await readTemplate(lookup, input.template);
  for (const file of template ?? []) files.set(file.path, file);
  for (const file of input.seedFiles) files.set(file.path, file);
  const given = files.get(CONFIG_FILE);
  const text = given ? adapt(given.content.toString('utf8'), input) : generateConfig(input);
  files.set(CONFIG_FILE, { path: CONFIG_FILE, content: Buffer.from(text) });
  const parsed = parseTemplateConfig(text);
  if ('faults' in parsed) throw unreadable(input.template, CONFIG_FILE, parsed.faults[0]);
  return { files: [...files.values()], templateHash: template === null ? null : hashContent(template) };
}

async function readTemplate(lookup: TemplateLookup, name: string): Promise<FolderContent> {
  const template = lookup.find(name);
  if (!template) {
    const problem = lookup.findProblem(name);
    throw problem
      ? unreadable(name, problem.file, problem)
      : unreadable(name, CONFIG_FILE, { reason: 'there is no template of this name any more' });
  }
  try {
    return await readFolderFiles(template.files);
  } catch (error) {
    if (!(error instanceof Error && 'code' in error)) throw error;
    throw unreadable(name, '.', { reason: `its files could not be read (${String(error.code)})` });
  }
}

function adapt(text: string, input: ComposeInput): string {
  const adapted = adaptConfig(text, input);
  if ('faults' in adapted) throw unreadable(input.template, CONFIG_FILE, adapted.faults[0]);
  return adapted.text;
}

function unreadable(
  template: string | null,
  file: string,
  fault: { readonly line?: number; readonly reason: string } | undefined,
): StartRefusal {
  const what = template === null ? 'The configuration of this workspace' : `The template "${template}"`;
  const where = fault?.line === undefined ? file : `${file}, line ${fault.line}`;
  return new StartRefusal({
    reason: 'template_unreadable',
    text: `${what} cannot be used: ${where}: ${fault?.reason ?? 'unknown mistake'}. Correct it, then start the workspace again.`,
  });
}
