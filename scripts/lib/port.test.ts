import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { type AddressInfo, createServer, type Server } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { checkPort } from './port.mjs';

let dir: string;
let other: Server;
let port: string;

beforeEach(async () => {
  dir = mkdtempSync(join(tmpdir(), 'molecule-port-'));
  other = createServer();
  await new Promise<void>((done) => other.listen(0, '127.0.0.1', done));
  port = String((other.address() as AddressInfo).port);
});
afterEach(async () => {
  await new Promise((done) => other.close(done));
  rmSync(dir, { recursive: true });
});

const check = (env: Record<string, string>) => checkPort({ MOLECULE_DATA_DIR: dir, ...env });

describe('the port, before anything is installed or created', () => {
  it('is refused when another program holds it, with what to do', async () => {
    await expect(check({ PORT: port })).rejects.toThrow(
      `Port ${port} is taken by another program. Stop it, or choose another: PORT=8081 npm start`,
    );
  });

  it('is found in the .env of the data directory, below the environment', async () => {
    writeFileSync(join(dir, '.env'), `PORT=${port}\n`);
    await expect(check({})).rejects.toThrow('is taken');
    await expect(check({ PORT: '0' })).resolves.toBeUndefined();
  });

  it('is free again after the look', async () => {
    await new Promise((done) => other.close(done));
    await expect(check({ PORT: port })).resolves.toBeUndefined();
    await new Promise<void>((done) => other.listen(Number(port), '127.0.0.1', done));
  });

  it('is left to the server where a server owns the data directory, or the text is no port', async () => {
    await expect(check({ PORT: 'eighty' })).resolves.toBeUndefined();
    mkdirSync(join(dir, 'pg'));
    writeFileSync(join(dir, 'pg', 'owner.json'), '{}');
    await expect(check({ PORT: port })).resolves.toBeUndefined();
  });
});
