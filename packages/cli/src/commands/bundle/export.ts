import { writeFileSync } from 'node:fs';
import { type Command, RefusedError } from '../../command.js';
import { findWorkspace } from '../../find-workspace.js';
import { describeFileFault, EXPORT_WAIT_MS } from './bundle-file.js';

/** One agent and everything below it as a file. */
export const bundleExport: Command = {
  path: ['bundle', 'export'],
  args: [{ name: 'workspace', required: true }],
  flags: { output: { kind: 'text', short: 'o', describe: 'write the bundle to this file instead of the output' } },
  summary: 'Save an agent and everything below it as one file, without secrets and memory',
  async run({ args, flags, client, note }) {
    const connection = client();
    const workspace = await findWorkspace(connection, args[0] ?? '');
    const request = { params: { id: workspace.id } };
    const { body } = await connection.call('exportBundle', request, { timeoutMs: EXPORT_WAIT_MS });
    const left = listOmitted(body);
    for (const { name, reason } of left) note(`Left out: ${name}: ${reason}`);
    const { output } = flags;
    if (typeof output !== 'string') return { data: body, text: toAscii(JSON.stringify(body, null, 2)) };
    try {
      writeFileSync(output, `${JSON.stringify(body, null, 2)}\n`);
    } catch (error) {
      throw new RefusedError(`cannot write ${output}: ${describeFileFault(error)}`);
    }
    const count = countWorkspaces(body);
    const agents = `${count} ${count === 1 ? 'agent' : 'agents'}`;
    return {
      data: { file: output, workspaces: count, omitted: left },
      text: `${workspace.name}: ${agents} saved in ${output}${left.length > 0 ? `, ${left.length} left out` : ''}`,
    };
  },
};

interface Tree {
  readonly [key: string]: unknown;
}

function childrenOf(bundle: Tree): Tree[] {
  const { sub_workspaces: below } = bundle;
  return Array.isArray(below) ? below : [];
}

function countWorkspaces(bundle: Tree): number {
  return childrenOf(bundle).reduce((count, child) => count + countWorkspaces(child), 1);
}

function listOmitted(bundle: Tree): { name: string; reason: string }[] {
  const own: { name: string; reason: string }[] = Array.isArray(bundle.omitted) ? bundle.omitted : [];
  return [...own, ...childrenOf(bundle).flatMap(listOmitted)];
}

/** Control characters are taken out of what is printed; escaped, they stay part of the bundle. */
function toAscii(json: string): string {
  return json.replace(/[\u007f-\u009f]/g, (character) => `\\u00${character.charCodeAt(0).toString(16)}`);
}
