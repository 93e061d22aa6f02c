import { spawn } from 'node:child_process';
import { chmod, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { waitFor } from '@molecule/testkit';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { molecule, startMolecule } from './support/cli.js';
import { bareEnvironment } from './support/env.js';
import { type Product, startProduct } from './support/product.js';

// What a person does who has an agent of their own and one line to paste.
describe('an agent from anywhere joins with one line', () => {
  let product: Product;
  let folder: string;
  let env: Record<string, string>;

  beforeAll(async () => {
    product = await startProduct();
    folder = await mkdtemp(join(tmpdir(), 'molecule-join-'));
    env = { MOLECULE_DATA_DIR: product.dataDir.path };
  });
  afterAll(async () => {
    await product?.end();
    await rm(folder, { recursive: true, force: true });
  });

  const statusOf = async (id: string) => (await product.client.call('getWorkspace', { params: { id } })).body.status;

  it('R20: the line for an MCP host runs as it is printed, and without a registry', async () => {
    const { code, stdout: snippet } = await molecule(['ws', 'invite', 'Desk'], env);
    expect(code).toBe(0);
    const { body: all } = await product.client.call('listWorkspaces', {});
    const id = all.find(({ name }) => name === 'Desk')?.id ?? '';
    // Stands for the host: it starts what it is given behind "--", as "claude mcp add" has it started later.
    const bin = join(folder, 'bin');
    await mkdir(bin);
    await writeFile(join(bin, 'claude'), '#!/bin/sh\nwhile [ "$1" != "--" ]; do shift; done\nshift\nexec "$@"\n');
    await chmod(join(bin, 'claude'), 0o755);
    const bare = bareEnvironment(folder);
    const child = spawn('sh', ['-c', snippet], {
      cwd: folder,
      env: {
        ...bare,
        PATH: `${bin}:${bare.PATH}`,
        npm_config_registry: 'http://127.0.0.1:9',
        npm_config_cache: join(folder, 'npm'),
        npm_config_update_notifier: 'false',
        npm_config_audit: 'false',
      },
      stdio: ['pipe', 'pipe', 'pipe'],
    });
    let said = '';
    let trouble = '';
    child.stdout.on('data', (chunk: Buffer) => {
      said += chunk.toString();
    });
    child.stderr.on('data', (chunk: Buffer) => {
      trouble += chunk.toString();
    });
    const ended = new Promise((resolve) => child.once('exit', resolve));
    const hello = { protocolVersion: '2025-11-25', capabilities: {}, clientInfo: { name: 'desk', version: '1' } };
    child.stdin.write(`${JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'initialize', params: hello })}\n`);
    await waitFor(() => said.includes('\n'), { timeoutMs: 60_000, what: `an answer to the host: ${trouble}` });
    expect(JSON.parse(said.split('\n')[0] ?? '')).toMatchObject({
      id: 1,
      result: { serverInfo: { name: 'molecule' } },
    });
    await waitFor(async () => (await statusOf(id)) === 'online');
    // A host that goes away ends the program with its input.
    child.stdin.end();
    await ended;
  });

  it('R18: a shell command is an agent within five seconds, and a person talks to it', async () => {
    const agent = startMolecule(['connect', '--name', 'Shouter', '--', 'sh', '-c', 'cat | tr a-z A-Z'], env);
    await agent.says(/Shouter is online/, 5_000);
    const { code, stdout } = await molecule(['chat', 'Shouter', 'hello there'], env);
    expect({ code, stdout }).toEqual({ code: 0, stdout: 'HELLO THERE\n' });
    agent.child.kill('SIGINT');
    expect(await agent.finished).toMatchObject({ code: 0, stdout: expect.stringContaining('→ HELLO THERE') });
    expect((await molecule(['connect', 'Shouter'], env)).code).toBe(2);
  });
});
