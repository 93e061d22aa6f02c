import { createCipheriv } from 'node:crypto';
import { readFile, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createDataDir, removeDataDir } from '@molecule/testkit';
import { sql } from 'kysely';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createSecrets, type Secrets } from '../src/features/secrets/index.js';
import { openDataDir } from '../src/platform/data-dir.js';
import { announceHost } from '../src/platform/hosts.js';
import { createRandom } from '../src/platform/random.js';
import { type KeyChange, rotateSecretsKey } from '../src/rotate-secrets-key.js';
import { insertWorkspace } from './builders.js';
import { useTestDatabase } from './database.js';
import { createTestPorts, type TestPorts } from './ports.js';

const OLD = 'the-old-key-of-exactly-32-bytes!';
const NEW = 'the-new-key-of-exactly-32-bytes!';
const VALUES = { OWN: 'own value', SHARED: 'mine', PLAIN: 'version 0', OLDER: 'version 1' };

const database = useTestDatabase();
let ports: TestPorts;
let folder: string;
let workspace: string;

beforeEach(async () => {
  ports = createTestPorts(database.url);
  folder = await createDataDir();
  const db = ports.lanes.control;
  for (const table of ['workspace_secrets', 'global_secrets', 'settings', 'server_hosts']) {
    await sql`delete from ${sql.table(table)}`.execute(db);
  }
  workspace = await insertWorkspace(db, { status: 'offline', backend: 'external' });
});
afterEach(async () => {
  await ports.close();
  await removeDataDir(folder);
});

const secretsOf = (key: string): Secrets => createSecrets({ ...ports, key, backends: [] });
const read = (key: string) => secretsOf(key).readValues(ports.lanes.control, workspace);

/** Secrets of every version that may lie in a database, under the key. */
async function fill(key: string): Promise<void> {
  const secrets = secretsOf(key);
  await secrets.verifyKey(ports.lanes.control);
  await secrets.setOwn(workspace, 'OWN', VALUES.OWN);
  await secrets.setOwn(workspace, 'SHARED', VALUES.SHARED);
  await secrets.setGlobal('SHARED', 'theirs');
  const nonce = Buffer.alloc(12, 7);
  const cipher = createCipheriv('aes-256-gcm', Buffer.from(key, key.length === 32 ? 'utf8' : 'base64'), nonce);
  const sealed = Buffer.concat([nonce, cipher.update(VALUES.OLDER), cipher.final(), cipher.getAuthTag()]);
  await sql`
    insert into global_secrets (key, encrypted_value, encryption_version)
    values ('PLAIN', ${Buffer.from(VALUES.PLAIN)}, 0), ('OLDER', ${sealed}, 1)`.execute(ports.lanes.control);
}

async function stored() {
  const { rows } = await sql<{ key: string; encrypted_value: Buffer; key_id: string; updated_at: Date; v: number }>`
    select key, encrypted_value, key_id, encryption_version as v, updated_at from workspace_secrets
    union all select key, encrypted_value, key_id, encryption_version, updated_at from global_secrets
    order by key, encrypted_value`.execute(ports.lanes.control);
  return rows;
}

const inOrder = (a: string, b: string) => a.localeCompare(b);

async function rotate(config: Partial<KeyChange['config']>): Promise<string> {
  const given = { databaseUrl: database.url, secretsKey: null, newSecretsKey: null, ...config };
  const dataDir = await openDataDir(folder, createRandom());
  return rotateSecretsKey({ ...ports, config: given, databaseUrl: database.url, dataDir });
}

describe('rotating the key of the secrets', () => {
  it('brings every value of every version under the new key, and the old one opens nothing any more', async () => {
    await fill(OLD);
    const before = await stored();
    const said = await rotate({ secretsKey: OLD, newSecretsKey: NEW });
    expect(said).toMatch(/^5 secrets .*SECRETS_ENCRYPTION_KEY, and without SECRETS_ENCRYPTION_KEY_NEW\.$/);
    expect(await read(NEW)).toEqual(VALUES);
    const after = await stored();
    expect(after.map(({ v }) => v)).toEqual([2, 2, 2, 2, 2]);
    expect(new Set(after.map(({ key_id }) => key_id)).size).toBe(1);
    expect(JSON.stringify([said, after])).not.toContain(Buffer.from(VALUES.PLAIN).toString('base64'));
    // Nobody changed a value, so nothing says that somebody did.
    const changedAt = (rows: typeof after) => rows.map(({ updated_at }) => updated_at.toISOString()).sort(inOrder);
    expect(changedAt(after)).toEqual(changedAt(before));
    await secretsOf(NEW).verifyKey(ports.lanes.control);
    await expect(secretsOf(OLD).verifyKey(ports.lanes.control)).rejects.toThrow('another key');
    await expect(read(OLD)).rejects.toMatchObject({ code: 'secrets_unreadable' });
    expect(await rotate({ secretsKey: OLD, newSecretsKey: NEW })).toContain('already');
  });

  it('reads more secrets than one page', async () => {
    await fill(OLD);
    const many = Object.fromEntries(Array.from({ length: 1_203 }, (_, index) => [`K${index}`, `${index}`]));
    await ports.transact('work', (tx) =>
      secretsOf(OLD).writeWorkspaceSecrets(tx, [{ workspaceId: workspace, model: null, secrets: many }]),
    );
    expect(await rotate({ secretsKey: OLD, newSecretsKey: NEW })).toContain('1208 secrets');
    expect(await read(NEW)).toEqual({ ...VALUES, ...many });
  });

  it('changes nothing when one value cannot be read, and names all that cannot', async () => {
    await fill(OLD);
    await sql`update workspace_secrets set encrypted_value = '\\x00' where key = 'OWN'`.execute(ports.lanes.control);
    await sql`update global_secrets set encryption_version = 7 where key = 'PLAIN'`.execute(ports.lanes.control);
    const before = await stored();
    await expect(rotate({ secretsKey: OLD, newSecretsKey: NEW })).rejects.toThrow(
      `cannot be read with the present key: OWN of ${workspace}, PLAIN (global).`,
    );
    expect(await stored()).toEqual(before);
    await secretsOf(OLD).verifyKey(ports.lanes.control);
  });

  it.each([
    [
      'a key that is not the present one',
      { secretsKey: 'a-third-key-of-exactly-32-bytes!', newSecretsKey: NEW },
      'another key',
    ],
    ['the same key again', { secretsKey: OLD, newSecretsKey: OLD }, 'is the old one'],
    ['no new key', { secretsKey: OLD }, 'SECRETS_ENCRYPTION_KEY_NEW='],
  ])('refuses %s', async (_, config, why) => {
    await fill(OLD);
    const before = await stored();
    await expect(rotate(config)).rejects.toThrow(why);
    expect(await stored()).toEqual(before);
  });

  it('refuses while a server uses the database', async () => {
    await fill(OLD);
    await announceHost(
      { db: ports.lanes.health, supervisor: ports.supervisor },
      { id: ports.random.uuid(), name: 'a' },
    );
    await expect(rotate({ secretsKey: OLD, newSecretsKey: NEW })).rejects.toThrow('Stop every server');
    expect(await read(OLD)).toEqual(VALUES);
  });
});

describe('rotating a key that lies in the data directory', () => {
  const keyFile = (name = 'secrets-key') => join(folder, 'keys', name);
  const keyNow = async () => (await readFile(keyFile(), 'utf8')).trim();

  it('puts a new one in its place, private to its owner', async () => {
    const { secretsKey: old } = await openDataDir(folder, createRandom());
    await fill(old);
    expect(await rotate({})).toContain('keys/secrets-key');
    expect(await keyNow()).not.toBe(old);
    expect(await read(await keyNow())).toEqual(VALUES);
    expect((await stat(keyFile())).mode & 0o777).toBe(0o600);
    await expect(stat(keyFile('secrets-key.next'))).rejects.toThrow('ENOENT');
    await rotate({ newSecretsKey: NEW });
    expect(await keyNow()).toBe(NEW);
    expect(await read(NEW)).toEqual(VALUES);
  });

  it('finishes what was cut off between database and file, and never loses the key in between', async () => {
    const { secretsKey: old } = await openDataDir(folder, createRandom());
    await fill(old);
    await rotate({ newSecretsKey: NEW });
    // As a crash after the commit leaves it.
    await writeFile(keyFile('secrets-key.next'), `${NEW}\n`, { mode: 0o600 });
    await writeFile(keyFile(), `${old}\n`);
    await expect(rotate({ newSecretsKey: 'a-third-key-of-exactly-32-bytes!' })).rejects.toThrow('finished first');
    expect(await rotate({})).toContain('already');
    expect(await keyNow()).toBe(NEW);
    expect(await read(NEW)).toEqual(VALUES);
  });

  it('a start after such a crash refuses and says what to do', async () => {
    await fill(NEW);
    await expect(secretsOf(OLD).verifyKey(ports.lanes.control)).rejects.toThrow('run it again');
  });
});
