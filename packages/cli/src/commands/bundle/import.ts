import { readFileSync } from 'node:fs';
import type { ImportedBundle } from '@molecule/contract';
import { type Command, RefusedError } from '../../command.js';
import { PROGRAM } from '../../config.js';
import { describeFileFault, IMPORT_WAIT_MS } from './bundle-file.js';

/** Creates what a bundle holds, always as new agents. */
export const bundleImport: Command = {
  path: ['bundle', 'import'],
  args: [{ name: 'file', required: true }],
  flags: {},
  summary: 'Create the agents of a bundle file',
  async run({ args, client }) {
    const connection = client();
    const [file = ''] = args;
    const { body } = await connection.call('importBundle', { body: readBundle(file) }, { timeoutMs: IMPORT_WAIT_MS });
    const lines = describe(body, 1);
    return {
      data: body,
      text: [`${body.name}: ${lines.length} created`, ...lines, `Watch them come online: ${PROGRAM} ws ls`].join('\n'),
    };
  },
};

function readBundle(file: string): Record<string, unknown> {
  const text = readText(file);
  try {
    const value: unknown = JSON.parse(text);
    if (typeof value === 'object' && value !== null && !Array.isArray(value)) return { ...value };
  } catch {
    // Told below: what is no JSON is no bundle.
  }
  throw new RefusedError(`${file} is no bundle`, { help: `"${PROGRAM} bundle export" writes one.` });
}

function readText(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch (error) {
    throw new RefusedError(`cannot read ${file}: ${describeFileFault(error)}`);
  }
}

function describe(created: ImportedBundle, depth: number): string[] {
  // The same shape again, which the schema cannot say.
  const children = (created.children ?? []) as ImportedBundle[];
  return [
    `${'  '.repeat(depth)}${created.name}  ${created.workspace_id}`,
    ...children.flatMap((child) => describe(child, depth + 1)),
  ];
}
