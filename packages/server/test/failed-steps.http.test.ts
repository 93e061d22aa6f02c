import pg from 'pg';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { createRandom } from '../src/platform/random.js';
import { useTestDatabase } from './database.js';
import { type RealApp, startRealApp } from './real-app.js';

/** Breaks something for all sessions of the test's database, and mends it again. */
interface Damage {
  readonly breaks: string;
  readonly mends: string;
}

function refusing(event: string, table: string): Damage {
  return {
    breaks: `create function refuse_it() returns trigger language plpgsql as $$ begin raise exception 'no'; end $$;
             create trigger refuse_it before ${event} on ${table} for each row execute function refuse_it()`,
    mends: `drop trigger refuse_it on ${table}; drop function refuse_it()`,
  };
}

function missing(table: string, column: string): Damage {
  return {
    breaks: `alter table ${table} rename column ${column} to ${column}_gone`,
    mends: `alter table ${table} rename column ${column}_gone to ${column}`,
  };
}

describe('a step that fails answers 500 with the text that the contract fixes for it', () => {
  const database = useTestDatabase();
  let app: RealApp;
  let hand: pg.Client;
  const toMend: string[] = [];
  let isOutOfChance = false;

  beforeAll(async () => {
    const random = createRandom();
    const token = (bytes: number): string => {
      if (isOutOfChance) throw new Error('no entropy');
      return random.token(bytes);
    };
    app = await startRealApp(database.url, { random: { ...random, token } });
    hand = new pg.Client({ connectionString: database.url });
    await hand.connect();
  });
  afterEach(async () => {
    isOutOfChance = false;
    await mend();
  });
  afterAll(async () => {
    await hand.end();
    await app.close();
  });

  async function hurt({ breaks, mends }: Damage): Promise<void> {
    await hand.query(breaks);
    toMend.push(mends);
  }

  async function mend(): Promise<void> {
    for (const mends of toMend.splice(0)) await hand.query(mends);
  }

  async function create(name: string): Promise<string> {
    const { status, body } = await app.call('POST', '/workspaces', { name, external: true });
    expect(status).toBe(201);
    return body.id;
  }

  it('lifecycle §1.7: the children of a workspace cannot be read', async () => {
    const id = await create('Lead');
    await hurt(missing('workspaces', 'parent_id'));
    const reply = await app.call('DELETE', `/workspaces/${id}`);
    expect(reply).toMatchObject({ status: 500, body: { error: 'failed to check children', code: 'internal' } });
  });

  it('lifecycle §1.7: a removed workspace cannot be purged, and a repetition purges it', async () => {
    const id = await create('Gone');
    await hurt(refusing('delete', 'workspaces'));
    const reply = await app.call('DELETE', `/workspaces/${id}?purge=true`);
    expect(reply).toMatchObject({ status: 500, body: { error: 'purge failed', code: 'internal' } });
    await mend();
    expect(await app.call('DELETE', `/workspaces/${id}?purge=true`)).toMatchObject({
      status: 200,
      body: { status: 'purged' },
    });
  });

  it('lifecycle §1.1: a secret of a new workspace cannot be saved, and nothing is left', async () => {
    await hurt(refusing('insert', 'workspace_secrets'));
    const body = { name: 'Keyless', external: true, secrets: { A_KEY: 'x' } };
    const reply = await app.call('POST', '/workspaces', body);
    expect(reply).toMatchObject({ status: 500, body: { error: 'failed to save secret: A_KEY', code: 'internal' } });
    const { body: all } = await app.call('GET', '/workspaces');
    expect(all.filter((one: { name: string }) => one.name === 'Keyless')).toEqual([]);
  });

  it('lifecycle §1.1: a secret of a new workspace cannot be encrypted', async () => {
    isOutOfChance = true;
    const reply = await app.call('POST', '/workspaces', { name: 'Unsealed', runtime: 'echo', secrets: { A_KEY: 'x' } });
    expect(reply).toMatchObject({ status: 500, body: { error: 'failed to encrypt secret: A_KEY', code: 'internal' } });
  });

  it('lifecycle §1.1: any other failure of a creation has its general text', async () => {
    await hurt(refusing('insert', 'workspaces'));
    const reply = await app.call('POST', '/workspaces', { name: 'Nobody', external: true, secrets: { A_KEY: 'x' } });
    expect(reply).toMatchObject({ status: 500, body: { error: 'failed to create workspace' } });
  });

  it('lifecycle §8.2: the keys an org requires cannot be looked up, and force imports it unchecked', async () => {
    await hurt(missing('global_secrets', 'encrypted_value'));
    const template = { name: 'needy', required_env: ['A_KEY'], workspaces: [{ name: 'Only', external: true }] };
    expect(await app.call('POST', '/org/import', { template })).toMatchObject({
      status: 500,
      body: { error: 'could not verify required environment variables; try again or pass force=true to override' },
    });
    expect(await app.call('POST', '/org/import', { template, force: true })).toMatchObject({ status: 201 });
  });
});
