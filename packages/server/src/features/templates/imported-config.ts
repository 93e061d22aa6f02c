import { stringify } from 'yaml';
import { defaultModel } from './default-model.js';

/**
 * The config.yaml of an imported template that came without one. Keys and order are fixed by contract lifecycle §21.4;
 * lists are sorted, so that equal folders give equal files, and names of files are written so that none opens a key.
 */
export function generateImportedConfig(name: string, paths: readonly string[]): string {
  const prompts = paths.filter((path) => /^[^/]+\.md$/.test(path)).sort();
  const skills = paths.flatMap((path) => /^skills\/([^/]+)\/SKILL\.md$/.exec(path)?.[1] ?? []).sort();
  return stringify(
    {
      name,
      description: 'Imported agent',
      version: '1.0.0',
      tier: 3,
      model: defaultModel(''),
      prompt_files: prompts.length > 0 ? prompts : ['system-prompt.md'],
      skills,
      tools: [],
      a2a: { port: 8000, streaming: true, push_notifications: true },
      env: { required: ['ANTHROPIC_API_KEY'] },
    },
    { lineWidth: 0 },
  );
}
