import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createDataDir, removeDataDir } from '@molecule/testkit';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { openDataDir } from './data-dir.js';
import { createRandom } from './random.js';

let path: string;
beforeEach(async () => {
  path = await createDataDir();
});
afterEach(() => removeDataDir(path));

const open = () => openDataDir(path, createRandom());
const serverFile = { url: 'http://127.0.0.1:4711', port: 4711, pid: 1 };

it('a server that was killed leaves the port on which its agents look for it', async () => {
  const dataDir = await open();
  expect(dataDir.lastPort).toBeNull();
  await dataDir.writeServerFile(serverFile);
  expect((await open()).lastPort).toBe(4711);
});

it('a server that stopped in order leaves none: its agents have stopped with it', async () => {
  const dataDir = await open();
  await dataDir.writeServerFile(serverFile);
  await dataDir.removeServerFile();
  expect((await open()).lastPort).toBeNull();
});

it.each(['', '{"port":', '[]', 'null', '{"port":"4711"}', '{"port":0}', '{"port":65536}', '{"port":1.5}'])(
  'a server file that says %j keeps no server from starting',
  async (content) => {
    await writeFile(join(path, 'server.json'), content);
    expect((await open()).lastPort).toBeNull();
  },
);
