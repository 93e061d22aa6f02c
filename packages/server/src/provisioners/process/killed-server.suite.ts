import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import type { InstanceRecord } from '../provisioner.js';
import type { ProcessWorld } from './process-world.suite.js';

const MODULES = {
  createProcessDriver: './process.driver.js',
  createHostProcessTable: './host-process-table.js',
  createProvisioner: '../shared-semantics.js',
  createSystemClock: '../../platform/clock.js',
  createRandom: '../../platform/random.js',
  specOf: '../conformance/provisioner.suite.js',
};

/**
 * Starts an agent for each id in a process of its own, which is then killed with SIGKILL: what a server leaves behind when
 * it is not even asked to stop. Answers the records that its database would have kept.
 */
export async function startInKilledServer(
  world: ProcessWorld,
  workspaceIds: readonly string[],
): Promise<readonly InstanceRecord[]> {
  const imports = Object.entries(MODULES).map(
    ([name, path]) => `import { ${name} } from ${JSON.stringify(new URL(path, import.meta.url).href)};`,
  );
  const source = `
    ${imports.join('\n')}
    const provisioner = createProvisioner(createProcessDriver({
      workspacesDir: ${JSON.stringify(world.workspacesDir)},
      hostId: 'this-host',
      commandFor: () => ${JSON.stringify(world.commandOf('agent'))},
      baseEnvironment: { path: '/usr/bin:/bin', lang: 'C.UTF-8' },
      table: createHostProcessTable(),
      clock: createSystemClock(),
      random: createRandom(),
      log: { warn: (fields, message) => console.error(message, fields) },
      bootTimeoutMs: 60_000,
    }));
    const never = new AbortController().signal;
    const start = (workspaceId) => provisioner.ensure(specOf(1, { workspaceId }), null, never);
    const records = await Promise.all(${JSON.stringify(workspaceIds)}.map(start));
    console.log(JSON.stringify(records));
    setInterval(() => {}, 1_000);
  `;
  const server = spawn(
    process.execPath,
    ['--conditions=molecule-source', '--import', 'tsx', '--input-type=module', '-e', source],
    { stdio: ['ignore', 'pipe', 'inherit'] },
  );
  try {
    for await (const line of createInterface({ input: server.stdout })) {
      // Printed by the script above.
      return JSON.parse(line) as InstanceRecord[];
    }
    throw new Error('The server ended before its agents were started.');
  } finally {
    const exited = server.exitCode === null ? once(server, 'exit') : null;
    server.kill('SIGKILL');
    await exited;
  }
}
