import { ApiError, type Client, createClient, UnreachableError } from '@molecule/contract/client';
import { EXIT } from '../../command.js';
import { addressFault, type Environment, PROGRAM } from '../../config.js';
import { sizesOf } from '../runtime/words.js';
import { bad, type Finding, good } from './finding.js';

const TIMEOUT_MS = 5_000;
const START = 'Start it with "npm start", or set MOLECULE_URL and MOLECULE_TOKEN.';

/** Asks the server about itself: reachable, ready, credential accepted, loops running, templates readable. */
export async function checkServer(environment: Environment): Promise<Finding[]> {
  if (environment.url === null) return [bad('server', 'none is known', START, EXIT.unreachable)];
  const fault = addressFault(environment);
  if (fault !== null) return [bad('server', fault, START, EXIT.unreachable)];
  const client = createClient({ baseUrl: environment.url, token: () => environment.token, timeoutMs: TIMEOUT_MS });
  const reached = await checkHealth(client, environment);
  if (!reached.ok) return [reached];
  const credential = await checkCredential(client);
  const further = credential.ok
    ? await Promise.all([checkLoops(client), checkTemplates(client), checkRuntimes(client)])
    : [];
  return [reached, await checkReady(client), credential, ...further];
}

async function checkHealth(client: Client, environment: Environment): Promise<Finding> {
  const where = `${environment.url} (from ${environment.from})`;
  try {
    const { body } = await client.call('health', {});
    return good('server', `${where}, version ${body.version}, up ${body.uptime}, database ${body.database}`);
  } catch (error) {
    if (error instanceof UnreachableError) {
      const exit = error.timedOut ? EXIT.timeout : EXIT.unreachable;
      return bad('server', `${where}: ${error.message}`, staleNote(environment.serverPid) ?? START, exit);
    }
    return bad('server', `${where}: ${reasonOf(error)}`, 'Another program may be listening there; check the address.');
  }
}

/** server.json outlives a server that was killed. */
function staleNote(pid: number | null): string | null {
  if (pid === null) return null;
  return isAlive(pid)
    ? `server.json names process ${pid}, which is alive but does not answer. Look at its output.`
    : `server.json is left from process ${pid}, which is gone. Start the server with "npm start".`;
}

function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch (error) {
    // EPERM: it exists and belongs to somebody else.
    return error instanceof Error && 'code' in error && error.code === 'EPERM';
  }
}

async function checkReady(client: Client): Promise<Finding> {
  return look('readiness', async () => {
    await client.call('readyz', {});
    return good('readiness', 'the server can reach its database');
  });
}

async function checkCredential(client: Client): Promise<Finding> {
  return look('credential', async () => {
    const { body } = await client.call('getSession', {});
    if (body.principal.kind === 'admin') return good('credential', `accepted (${body.principal.via})`);
    return bad(
      'credential',
      'belongs to one workspace, most commands need an administrator',
      'Set MOLECULE_TOKEN to the ADMIN_TOKEN of that server.',
    );
  });
}

async function checkLoops(client: Client): Promise<Finding> {
  return look('background loops', async () => {
    const { subsystems } = (await client.call('adminLiveness', {})).body;
    const failing = Object.entries(subsystems).filter(([, loop]) => loop.last_error !== null);
    if (failing.length === 0) return good('background loops', `${Object.keys(subsystems).length} running`);
    const reasons = failing.map(([name, loop]) => `${name}: ${loop.last_error ?? ''}`).join('; ');
    return bad('background loops', `failing: ${reasons}`, 'The log of the server has the details.');
  });
}

async function checkTemplates(client: Client): Promise<Finding> {
  return look('templates', async () => {
    const { body } = await client.call('listTemplateProblems', {});
    if (body.length === 0) return good('templates', 'all can be read');
    const places = body.map(({ file, line, reason }) => `${file}${line === undefined ? '' : `:${line}`}: ${reason}`);
    return bad('templates', places.join('; '), 'Correct the files named; the other templates are not affected.');
  });
}

/** A runtime that is not there is in order: it comes with the first agent that needs it. */
async function checkRuntimes(client: Client): Promise<Finding> {
  return look('runtimes', async () => {
    const { body } = await client.call('listRuntimes', {});
    const failed = body.flatMap(({ last_failure: failure }) => (failure === null ? [] : [failure]));
    if (failed.length > 0) {
      return bad('runtimes', failed.join(' '), `Try again with "${PROGRAM} runtime install <runtime>".`);
    }
    const there = body.filter(({ versions }) => versions.length > 0);
    const sizes = there.map((found) => `${found.runtime} ${sizesOf(found)}`).join(', ');
    return good('runtimes', sizes === '' ? 'none is installed; each comes with its first agent' : sizes);
  });
}

/** A check that is refused is itself a finding. */
async function look(check: string, ask: () => Promise<Finding>): Promise<Finding> {
  try {
    return await ask();
  } catch (error) {
    const help = error instanceof ApiError ? error.help : null;
    return bad(check, reasonOf(error), help ?? 'Look at the log of the server.');
  }
}

function reasonOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
