import { accessSync, constants, existsSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { createClient } from '@molecule/contract/client';
import { type Command, EXIT } from '../command.js';
import type { Environment } from '../config.js';

interface Finding {
  readonly check: string;
  readonly ok: boolean;
  readonly detail: string;
  readonly remedy: string | null;
}

const NODE_MINIMUM = [20, 19] as const;

export const doctor: Command = {
  path: ['doctor'],
  args: [],
  flags: {},
  summary: 'Check this machine, the data directory and the server, and say what to do',
  async run({ environment }) {
    const findings = [checkNode(), ...checkDataDir(environment), ...(await checkServer(environment))];
    const lines = findings.map(
      ({ check, ok, detail, remedy }) =>
        `${ok ? 'ok  ' : 'FAIL'}  ${check}: ${detail}${remedy === null ? '' : `\n      ${remedy}`}`,
    );
    const healthy = findings.every((finding) => finding.ok);
    return { data: { healthy, findings }, text: lines.join('\n'), exit: healthy ? EXIT.ok : EXIT.refused };
  },
};

function finding(check: string, ok: boolean, detail: string, remedy: string | null = null): Finding {
  return { check, ok, detail, remedy: ok ? null : remedy };
}

function checkNode(): Finding {
  const [major = 0, minor = 0] = process.versions.node.split('.').map(Number);
  const ok = major > NODE_MINIMUM[0] || (major === NODE_MINIMUM[0] && minor >= NODE_MINIMUM[1]);
  return finding('Node', ok, process.versions.node, `Install Node ${NODE_MINIMUM.join('.')} or newer.`);
}

function checkDataDir({ dataDir }: Environment): Finding[] {
  if (!existsSync(dataDir)) {
    return [finding('data directory', true, `${dataDir} does not exist yet; the first "npm start" makes it`)];
  }
  const findings: Finding[] = [];
  try {
    accessSync(dataDir, constants.R_OK | constants.W_OK | constants.X_OK);
    const mode = statSync(dataDir).mode & 0o077;
    findings.push(
      finding(
        'data directory',
        mode === 0,
        mode === 0 ? dataDir : `${dataDir} can be read by other users`,
        `chmod 700 ${dataDir}`,
      ),
    );
  } catch {
    return [
      finding('data directory', false, `${dataDir} is not accessible`, 'Run as its owner, or set MOLECULE_DATA_DIR.'),
    ];
  }
  const pointer = join(dataDir, 'pg', 'LOCATION');
  if (existsSync(pointer)) {
    findings.push(finding('database files', true, `lie at ${readFileSync(pointer, 'utf8').trim()}`));
  }
  return findings;
}

async function checkServer(environment: Environment): Promise<Finding[]> {
  if (environment.url === null) {
    return [
      finding('server', false, 'none is known', 'Start it with "npm start", or set MOLECULE_URL and MOLECULE_TOKEN.'),
    ];
  }
  const client = createClient({ baseUrl: environment.url, token: () => environment.token, timeoutMs: 5_000 });
  const where = `${environment.url} (from ${environment.from})`;
  try {
    const { body } = await client.call('health', {});
    const reached = finding(
      'server',
      true,
      `${where}, version ${body.version}, up ${body.uptime}, database ${body.database}`,
    );
    const session = await client.call('getSession', {}).then(
      () => finding('credential', true, 'accepted'),
      () => finding('credential', false, 'refused', 'Set MOLECULE_TOKEN to the ADMIN_TOKEN of that server.'),
    );
    return [reached, session];
  } catch (error) {
    const detail = error instanceof Error ? error.message : 'not reachable';
    const stale =
      environment.serverPid === null
        ? ''
        : ` server.json names process ${environment.serverPid}, which may have been killed.`;
    return [finding('server', false, `${where}: ${detail}`, `Start it with "npm start".${stale}`)];
  }
}
