import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { readCliEnvironment, readCommandEnvironment } from './config.js';

let dataDir: string;
beforeEach(() => {
  dataDir = mkdtempSync(join(tmpdir(), 'molecule-cli-'));
});
afterEach(() => rmSync(dataDir, { recursive: true }));

function note(content: string): void {
  writeFileSync(join(dataDir, 'server.json'), content);
}

const local = JSON.stringify({ url: 'http://127.0.0.1:8080', token: 'local-test-token', pid: 42 });

it('finds the running server by its note in the data directory', () => {
  note(local);
  expect(readCliEnvironment({ MOLECULE_DATA_DIR: dataDir })).toEqual({
    dataDir,
    url: 'http://127.0.0.1:8080',
    token: 'local-test-token',
    tokenFrom: 'server.json',
    from: 'server.json',
    serverPid: 42,
    path: '',
    editor: ['vi'],
  });
});

it('prefers MOLECULE_URL and MOLECULE_TOKEN', () => {
  note(local);
  const env = { MOLECULE_DATA_DIR: dataDir, MOLECULE_URL: 'https://far.example//', MOLECULE_TOKEN: 'far-test-token' };
  expect(readCliEnvironment(env)).toMatchObject({
    url: 'https://far.example',
    token: 'far-test-token',
    tokenFrom: 'MOLECULE_TOKEN',
    from: 'MOLECULE_URL',
    serverPid: null,
  });
});

it('never sends the token of the local server to another one', () => {
  note(local);
  const env = { MOLECULE_DATA_DIR: dataDir, MOLECULE_URL: 'https://far.example' };
  expect(readCliEnvironment(env).token).toBeNull();
  expect(readCliEnvironment({ ...env, MOLECULE_URL: 'http://127.0.0.1:8080/' }).token).toBe('local-test-token');
});

it('takes ADMIN_TOKEN when the server was started with one and noted none', () => {
  note(JSON.stringify({ url: 'http://127.0.0.1:8080', token: null, pid: 42 }));
  expect(readCliEnvironment({ MOLECULE_DATA_DIR: dataDir, ADMIN_TOKEN: 'admin-test-token' }).token).toBe(
    'admin-test-token',
  );
  note(local);
  expect(readCliEnvironment({ MOLECULE_DATA_DIR: dataDir, ADMIN_TOKEN: 'admin-test-token' }).token).toBe(
    'local-test-token',
  );
});

it.each(['', '{', 'null', '[]', '{"url": 5}'])('knows no server from a note that says %j', (content) => {
  note(content);
  expect(readCliEnvironment({ MOLECULE_DATA_DIR: dataDir })).toMatchObject({ url: null, token: null, from: 'none' });
});

it.each([
  [{ EDITOR: 'nano' }, ['nano']],
  [{ EDITOR: 'nano', VISUAL: 'code --wait' }, ['code', '--wait']],
  [{ EDITOR: '' }, ['vi']],
])('knows the editor by %j', (env, editor) => {
  expect(readCliEnvironment({ MOLECULE_DATA_DIR: dataDir, ...env }).editor).toEqual(editor);
});

it('a driven command has the environment of its person, without what opens the platform', () => {
  const tokens = { ADMIN_TOKEN: 'a', MOLECULE_TOKEN: 'b', MOLECULE_WORKSPACE_TOKEN: 'c' };
  expect(readCommandEnvironment({ PATH: '/bin', WORKSPACE_ID: 'w', ...tokens })).toEqual({
    PATH: '/bin',
    WORKSPACE_ID: 'w',
  });
});
