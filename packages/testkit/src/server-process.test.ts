import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createDataDir, removeDataDir, startServerProcess } from './server-process.js';

describe('a server process', () => {
  let dataDir: string;
  beforeEach(async () => {
    dataDir = await createDataDir();
  });
  afterEach(() => removeDataDir(dataDir));

  /** Starts this in place of the server. */
  async function start(program: string, timeoutMs?: number) {
    const main = join(dataDir, 'main.mjs');
    await writeFile(main, program);
    return startServerProcess({ dataDir, main, ...(timeoutMs === undefined ? {} : { timeoutMs }) });
  }

  // The patience with a slow start is a minute, longer than a test may take.
  it('that ends instead of serving fails the start at once, with its code and all it printed', async () => {
    const starting = start(`console.log('opening'); console.error('no room'); process.exitCode = 3;`);
    await expect(starting).rejects.toThrow(/^the server did not start, it ended with code 3:\n[\s\S]*opening\n/);
    await expect(starting).rejects.toThrow('no room');
  });

  it('that is killed instead of serving fails the start at once, with the signal', async () => {
    await expect(start(`process.kill(process.pid, 'SIGKILL');`)).rejects.toThrow('it ended with SIGKILL');
  });

  it('that serves is handed over with what it noted, and ends in order', async () => {
    const server = await start(`
      import { writeFileSync } from 'node:fs';
      const note = { url: 'http://127.0.0.1:1', token: 't', pid: process.pid };
      const stay = setInterval(() => {}, 1_000);
      process.once('SIGTERM', () => clearInterval(stay));
      writeFileSync(process.env.MOLECULE_DATA_DIR + '/server.json', JSON.stringify(note));`);
    expect(server).toMatchObject({ url: 'http://127.0.0.1:1', token: 't', dataDir });
    await server.stop();
  });

  it('that neither serves nor ends fails the start when its time is over, with what it printed', async () => {
    const starting = start(`console.log('still opening'); setTimeout(() => {}, 60_000);`, 2_000);
    await expect(starting).rejects.toThrow('the server did not come up:\nstill opening\n');
  });
});
