import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import type { NpmPackage } from '../npm-registry.js';

/** The path of a program that speaks the lines of the real one; see the file for what it does. */
export function fakeCli(name: 'claude' | 'codex'): string {
  return fileURLToPath(new URL(`./${name}.mjs`, import.meta.url));
}

/** Packages laid out like those of the real programs, in the versions given. */
export function fakeCliPackages(versions: { readonly claude: string; readonly codex: string }): readonly NpmPackage[] {
  const read = (file: string) => readFileSync(fileURLToPath(new URL(file, import.meta.url)), 'utf8');
  const claude = '@anthropic-ai/claude-code';
  const native = `${claude}-${process.platform}-${process.arch}`;
  const helper = read('./mcp-call.mjs');
  return [
    {
      name: claude,
      version: versions.claude,
      files: {},
      manifest: { optionalDependencies: { [native]: versions.claude } },
    },
    {
      name: native,
      version: versions.claude,
      files: { claude: read('./claude.mjs'), 'mcp-call.mjs': helper },
      manifest: { type: 'module' },
    },
    {
      name: '@openai/codex',
      version: versions.codex,
      files: { 'bin/codex.js': read('./codex.mjs'), 'bin/mcp-call.mjs': helper },
      manifest: { type: 'module' },
    },
  ];
}
