import type { EnvRequirement } from '@molecule/contract';
import type { Command } from '../../command.js';
import { PROGRAM } from '../../config.js';
import { table } from '../../table.js';

export const orgImport: Command = {
  path: ['org', 'import'],
  args: [{ name: 'dir', required: true }],
  flags: {
    'dry-run': { kind: 'boolean', describe: 'show the plan and change nothing' },
    force: { kind: 'boolean', describe: 'import even when required keys are missing' },
  },
  summary: 'Bring a team online from an org template',
  async run({ args, flags, client }) {
    const connection = client();
    const { status, body } = await connection.call(
      'importOrg',
      {
        query: { dry_run: flags['dry-run'] === true },
        body: { dir: args[0] ?? '', ...(flags.force === true ? { force: true } : {}) },
      },
      { timeoutMs: 120_000 },
    );
    if (status === 200) {
      const rows = [
        ...body.create.map((node) => ['create', node.path, node.runtime]),
        ...body.keep.map((node) => ['keep', node.path, '']),
      ];
      const notes = [
        ...body.missing_env.map((name) => `Missing, required: ${nameOf(name)}`),
        ...body.recommended_missing.map((name) => `Not set, recommended: ${nameOf(name)}`),
      ];
      return {
        data: body,
        text: [`${body.org} — plan, nothing was changed`, table(['DO', 'WORKSPACE', 'RUNTIME'], rows), ...notes].join(
          '\n',
        ),
      };
    }
    const kept = body.workspaces.filter((workspace) => workspace.skipped).length;
    const created = body.count - kept;
    const lines = body.workspaces.map(
      (workspace) => `  ${workspace.skipped ? 'kept    ' : 'created '} ${workspace.name}  ${workspace.id}`,
    );
    return {
      data: body,
      text: [
        created > 0
          ? `${body.org}: ${created} created, ${kept} kept`
          : `${body.org}: nothing was created, ${kept === 1 ? 'its agent is' : `all ${kept} agents are`} there already`,
        ...lines,
        ...(created > 0 ? [`Watch them come online: ${PROGRAM} ws ls`] : []),
      ].join('\n'),
    };
  },
};

function nameOf(requirement: EnvRequirement): string {
  return typeof requirement === 'string' ? requirement : `one of ${requirement.any_of.join(', ')}`;
}
