import { type Command, EXIT } from '../../command.js';
import { checkDataDir, checkLimits, checkNode } from './machine.js';
import { checkServer } from './server.js';

export const doctor: Command = {
  path: ['doctor'],
  args: [],
  flags: {},
  summary: 'Check this machine, the data directory and the server, and say what to do',
  async run({ environment }) {
    const findings = [
      checkNode(process.versions.node),
      checkLimits(environment.path, process.platform),
      ...checkDataDir(environment.dataDir),
      ...(await checkServer(environment)),
    ];
    const lines = findings.map(
      ({ check, ok, detail, remedy }) =>
        `${ok ? 'ok  ' : 'FAIL'}  ${check}: ${detail}${remedy === null ? '' : `\n      ${remedy}`}`,
    );
    const worst = findings.find((finding) => !finding.ok);
    const shown = findings.map(({ check, ok, detail, remedy }) => ({ check, ok, detail, remedy }));
    return {
      data: { healthy: worst === undefined, findings: shown },
      text: lines.join('\n'),
      exit: worst?.exit ?? EXIT.ok,
    };
  },
};
