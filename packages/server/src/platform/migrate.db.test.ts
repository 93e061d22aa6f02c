import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestDatabase } from '@molecule/testkit';
import pg from 'pg';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createTestDatabase } from '../../test/database.js';
import { MigrationError, migrate } from './migrate.js';

describe('migrate', () => {
  let folder: string;
  let empty: string;
  let database: TestDatabase;

  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'molecule-migrations-'));
    empty = await mkdtemp(join(tmpdir(), 'molecule-migrations-'));
    database = await createTestDatabase(empty);
  });
  afterEach(async () => {
    await database.drop();
    await rm(folder, { recursive: true });
    await rm(empty, { recursive: true });
  });

  const put = (name: string, sql: string): Promise<void> => writeFile(join(folder, name), sql);
  const run = (): Promise<string[]> => migrate({ url: database.url, folder });
  const query = async (text: string): Promise<unknown[]> => {
    const client = new pg.Client({ connectionString: database.url });
    await client.connect();
    try {
      return (await client.query(text)).rows;
    } finally {
      await client.end();
    }
  };

  it('applies files in order, once, and says which', async () => {
    await put('0002_more.sql', 'alter table things add column n int; insert into things (n) values (7);');
    await put('0001_things.sql', 'create table things (id int);');
    expect(await run()).toEqual(['0001_things.sql', '0002_more.sql']);
    expect(await run()).toEqual([]);
    expect(await query('select n from things')).toEqual([{ n: 7 }]);
    await put('0003_last.sql', 'drop table things;');
    expect(await run()).toEqual(['0003_last.sql']);
  });

  it('applies each file once when several replicas start together', async () => {
    await put('0001_things.sql', 'create table things (id int); select pg_sleep(0.05); insert into things values (1);');
    const results = await Promise.all([run(), run(), run(), run()]);
    expect(results.filter((applied) => applied.length === 1)).toHaveLength(1);
    expect(await query('select count(*)::int as n from things')).toEqual([{ n: 1 }]);
  });

  it('leaves nothing of a failed file, keeps those before it, and names file and line', async () => {
    await put('0001_good.sql', 'create table good (id int);');
    await put('0002_bad.sql', 'create table half (id int);\n\ncreate tabel oops (id int);');
    await expect(run()).rejects.toThrow(/0002_bad\.sql failed at line 3: syntax error/);
    expect(await query(`select to_regclass('good') is not null as good, to_regclass('half') is null as clean`)).toEqual(
      [{ good: true, clean: true }],
    );
    await put('0002_bad.sql', 'create table half (id int);');
    expect(await run()).toEqual(['0002_bad.sql']);
  });

  it('refuses an edited file, but not other line ends', async () => {
    await put('0001_things.sql', 'create table things (\n id int);\n');
    await run();
    await put('0001_things.sql', 'create table things (\r\n id int);\r\n');
    expect(await run()).toEqual([]);
    await put('0001_things.sql', 'create table things (\n id bigint);\n');
    await expect(run()).rejects.toThrow('0001_things.sql was edited after it was applied');
  });

  it('refuses two files of one number and names that are not NNNN_slug.sql', async () => {
    await put('0001_one.sql', '');
    await put('0001_two.sql', '');
    await expect(run()).rejects.toThrow('both have number 0001');
    await rm(join(folder, '0001_two.sql'));
    await put('2_Two.sql', '');
    await expect(run()).rejects.toThrow('name it NNNN_slug.sql');
  });

  it('refuses a file that comes before an applied one, and history whose file is gone', async () => {
    await put('0001_one.sql', '');
    await put('0003_three.sql', '');
    await run();
    await put('0002_two.sql', '');
    await expect(run()).rejects.toThrow('Give it the next free number');
    await rm(join(folder, '0002_two.sql'));
    await rm(join(folder, '0001_one.sql'));
    await expect(run()).rejects.toThrow('0001_one.sql was applied to this database but its file is missing');
  });

  it('starts on a schema that a newer release has already extended', async () => {
    await put('0001_one.sql', '');
    await put('0002_newer.sql', '');
    await run();
    await rm(join(folder, '0002_newer.sql'));
    expect(await run()).toEqual([]);
  });

  it('fails with its cause when the database cannot be reached', async () => {
    await put('0001_one.sql', '');
    await expect(migrate({ url: 'postgres://x@127.0.0.1:1/x', folder })).rejects.toThrow('ECONNREFUSED');
    await expect(run()).resolves.toEqual(['0001_one.sql']);
    expect(new MigrationError('x')).toBeInstanceOf(Error);
  });
});
