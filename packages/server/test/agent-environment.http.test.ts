import { waitFor } from '@molecule/testkit';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { VARIABLES, type Variable } from '../src/config-variables.js';
import { createSystemClock } from '../src/platform/clock.js';
import { createExternalDriver } from '../src/provisioners/external/external.driver.js';
import { createProcessWorld, type ProcessWorld } from '../src/provisioners/process/process-world.suite.js';
import { createProvisioner } from '../src/provisioners/shared-semantics.js';
import { useTestDatabase } from './database.js';
import { type RealApp, startRealApp } from './real-app.js';

/** What the server is told in confidence, from the one list of its variables. */
const CREDENTIALS = Object.values<Variable<unknown>>(VARIABLES)
  .filter(({ secret }) => secret)
  .map(({ name }) => name);

/** Everything an agent is told that has neither secrets nor a role nor a model. */
const ALWAYS = [
  'CONFIGS_DIR',
  'GIT_AUTHOR_EMAIL',
  'GIT_AUTHOR_NAME',
  'GIT_COMMITTER_EMAIL',
  'GIT_COMMITTER_NAME',
  'HOME',
  'LANG',
  'MOLECULE_INSTANCE_ID',
  'MOLECULE_RUN_DIR',
  'PATH',
  'PLATFORM_URL',
  'TMPDIR',
  'WORKSPACE_CONFIG_PATH',
  'WORKSPACE_ID',
];

describe('an agent started as a real process', () => {
  const database = useTestDatabase();
  let processes: ProcessWorld;
  let app: RealApp;

  beforeAll(async () => {
    for (const name of CREDENTIALS) vi.stubEnv(name, `server-own-${name}`);
    vi.stubEnv('ANTHROPIC_API_KEY', 'server-own-key');
    processes = await createProcessWorld();
    app = await startRealApp(database.url, {
      provisioners: [
        processes.createProvisioner(),
        createProvisioner(createExternalDriver({ clock: createSystemClock() })),
      ],
      defaultBackend: 'process',
    });
  });
  afterAll(async () => {
    // First: the files after this one run in the same process.
    vi.unstubAllEnvs();
    await app.close();
    await processes.cleanup();
  });

  /** What the process itself says of its environment, once it runs. */
  async function environmentOf(id: string): Promise<Record<string, string>> {
    let url = '';
    await waitFor(async () => {
      url = (await app.call('GET', `/workspaces/${id}`)).body.url;
      return url !== '';
    });
    const said = (await (await fetch(url)).json()) as { readonly env: Record<string, string> };
    return said.env;
  }

  async function create(fields: Record<string, unknown>): Promise<string> {
    const { status, body } = await app.call('POST', '/workspaces', { name: 'Ada', runtime: 'echo', ...fields });
    expect(status).toBe(201);
    return body.id;
  }

  it('has exactly the names that are allowed, and nothing the server was started with', async () => {
    expect(CREDENTIALS).toEqual(expect.arrayContaining(['ADMIN_TOKEN', 'DATABASE_URL', 'SECRETS_ENCRYPTION_KEY']));
    const env = await environmentOf(await create({}));
    expect(Object.keys(env).sort()).toEqual(ALWAYS);
    const text = JSON.stringify(env);
    for (const name of CREDENTIALS) expect(env).not.toHaveProperty(name);
    expect(text).not.toContain('server-own-');
    expect(text).not.toContain('the-admin-token-of-this-test');
    expect(text).not.toContain(database.url);
  });

  it('has its secrets, its model, its provider and its role besides, and only its own', async () => {
    await create({ name: 'Other', secrets: { OF_THE_OTHER: 'x' } });
    const env = await environmentOf(
      await create({ role: 'Writes', model: 'minimax/MiniMax-M2.7', secrets: { A_KEY: 'value' } }),
    );
    expect(Object.keys(env).sort()).toEqual(
      [...ALWAYS, 'A_KEY', 'LLM_PROVIDER', 'MODEL', 'MODEL_PROVIDER', 'MOLECULE_AGENT_ROLE'].sort(),
    );
    expect(env).toMatchObject({ MODEL: 'minimax/MiniMax-M2.7', LLM_PROVIDER: 'minimax', A_KEY: 'value' });
  });
});
