import { createHash } from 'node:crypto';
import { waitFor } from '@molecule/testkit';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { useTestDatabase } from '../../../test/database.js';
import { type RealApp, startRealApp } from '../../../test/real-app.js';
import { createSystemClock } from '../../platform/clock.js';
import { createExternalDriver } from '../../provisioners/external/external.driver.js';
import { createProcessWorld, type ProcessWorld } from '../../provisioners/process/process-world.suite.js';
import { createProvisioner } from '../../provisioners/shared-semantics.js';

const etagOf = (text: string): string => createHash('sha256').update(text).digest('hex').slice(0, 32);

describe.each(['fake', 'process'])('the files of a workspace on the %s backend', (backend) => {
  const database = useTestDatabase();
  let app: RealApp;
  let processes: ProcessWorld | null = null;
  beforeAll(async () => {
    if (backend === 'process') {
      processes = await createProcessWorld();
      const external = createProvisioner(createExternalDriver({ clock: createSystemClock() }));
      const provisioners = [processes.createProvisioner(), external];
      app = await startRealApp(database.url, { provisioners, defaultBackend: 'process' });
    } else {
      app = await startRealApp(database.url);
    }
  });
  afterAll(async () => {
    await app.close();
    await processes?.cleanup();
  });

  /** A workspace whose instance runs. */
  async function create(body: Record<string, unknown> = {}): Promise<string> {
    const { body: made } = await app.call('POST', '/workspaces', { name: 'Writer', runtime: 'echo', ...body });
    const id: string = made.id;
    await waitFor(async () => (await rowOf(id)).instance_state === 'running', {
      timeoutMs: 20_000,
      what: 'the instance to run',
    });
    return id;
  }

  /** A workspace that cannot be started, so that its backend keeps nothing of it. */
  async function createUnstarted(): Promise<string> {
    const { body } = await app.call('POST', '/workspaces', { name: 'Waiting', runtime: 'openclaw' });
    await waitFor(async () => (await rowOf(body.id)).status === 'failed', { what: 'the start to fail' });
    return body.id;
  }

  const rowOf = (id: string) =>
    app.app.ports.lanes.control.selectFrom('workspaces').selectAll().where('id', '=', id).executeTakeFirstOrThrow();
  const put = (id: string, path: string, content: string, headers: Record<string, string> = {}) =>
    app.call('PUT', `/workspaces/${id}/files/${path}`, { content }, undefined, headers);
  const get = (id: string, path: string) => app.call('GET', `/workspaces/${id}/files/${path}`);
  const list = (id: string, query = '') => app.call('GET', `/workspaces/${id}/files${query}`);
  const remove = (id: string, path: string, headers: Record<string, string> = {}) =>
    app.call('DELETE', `/workspaces/${id}/files/${path}`, undefined, undefined, headers);

  it('R31: what is put is got, while the agent runs and while it is paused', async () => {
    const id = await create();
    const text = 'Grüße "quoted" \\ \u0000 end';
    expect((await put(id, 'skills/a/SKILL.md', text)).body).toEqual({
      status: 'saved',
      path: 'skills/a/SKILL.md',
      etag: etagOf(text),
    });
    const read = { path: 'skills/a/SKILL.md', content: text, size: Buffer.byteLength(text), encoding: 'utf-8' };
    expect((await get(id, 'skills/a/SKILL.md')).body).toEqual({ ...read, etag: etagOf(text) });
    expect(await app.call('POST', `/workspaces/${id}/pause`)).toMatchObject({ status: 200 });
    expect((await get(id, 'skills/a/SKILL.md')).body).toMatchObject(read);
    expect(await put(id, 'skills/a/SKILL.md', 'while paused')).toMatchObject({ status: 200 });
    expect((await get(id, 'skills/a/SKILL.md')).body).toMatchObject({ content: 'while paused' });
    expect(await get(id, 'missing.md')).toMatchObject({ status: 404, body: { error: 'file not found' } });
  });

  it('bytes that are no text come as base64 and go back the same', async () => {
    const id = await create();
    const content = Buffer.from([0, 255, 254, 10]).toString('base64');
    const body = { content, encoding: 'base64' };
    expect(await app.call('PUT', `/workspaces/${id}/files/logo.png`, body)).toMatchObject({ status: 200 });
    expect((await get(id, 'logo.png')).body).toMatchObject({ content, encoding: 'base64', size: 4 });
    const wrong = { content: 'no base64!', encoding: 'base64' };
    const refused = { status: 400, body: { error: 'invalid request body' } };
    expect(await app.call('PUT', `/workspaces/${id}/files/logo.png`, wrong)).toMatchObject(refused);
    expect(await put(id, 'half.md', 'a\ud800')).toMatchObject(refused);
    expect(await get(id, 'half.md')).toMatchObject({ status: 404 });
  });

  it('D1: a path is deleted as clients send it, with its leading slash, and a folder with all it holds', async () => {
    const id = await create();
    await put(id, 'old/a.md', 'x');
    await put(id, 'old/b.md', 'x');
    expect((await remove(id, '/old/a.md')).body).toEqual({ status: 'deleted', path: 'old/a.md' });
    expect((await remove(id, 'old')).body).toEqual({ status: 'deleted', path: 'old' });
    expect((await list(id, '?depth=5')).body).toEqual([{ path: 'config.yaml', size: expect.any(Number), dir: false }]);
    expect(await remove(id, 'old')).toMatchObject({ status: 404, body: { error: 'file not found' } });
  });

  it('D2: a name with quotes and commands in it is only a name', async () => {
    const id = await create();
    const name = "it's; $(touch gone) & x.md";
    await put(id, encodeURIComponent(name), 'x');
    expect((await list(id)).body.map((entry: { path: string }) => entry.path)).toEqual(['config.yaml', name]);
    expect((await list(id, `?path=${encodeURIComponent(name)}`)).body).toEqual([]);
    expect(await remove(id, encodeURIComponent(name))).toMatchObject({ status: 200 });
  });

  it.each([
    '%2e%2e%2frun%2finstance.json',
    '//etc/passwd',
    '%2F%2Fetc%2Fpasswd',
    'a%00b',
    'a..b',
    '.',
    '',
    '.auth_token',
    '.Auth_Token',
    'x/../.auth_token',
    '.platform_inbound_secret',
  ])('the path %j is refused by every verb', async (path) => {
    const id = await create();
    const before = (await list(id, '?depth=5')).body;
    // A client would resolve the dots itself, so they go over the wire as they are.
    const raw = (method: 'GET' | 'PUT' | 'DELETE') =>
      app.app.http.inject({
        method,
        url: `/workspaces/${id}/files/${path}`,
        headers: { authorization: 'Bearer the-admin-token-of-this-test', host: '127.0.0.1' },
        ...(method === 'PUT' ? { payload: { content: 'x' } } : {}),
      });
    for (const method of ['GET', 'PUT', 'DELETE'] as const) {
      const answer = await raw(method);
      expect({ method, status: answer.statusCode, error: answer.json().error }).toEqual({
        method,
        status: 400,
        error: 'invalid path',
      });
    }
    expect(await list(id, `?path=${path === '' ? '.' : path}`)).toMatchObject({
      status: 400,
      body: { error: 'invalid path' },
    });
    const bulk = { files: { 'ok.md': 'x', [decodeURIComponent(path)]: 'x' } };
    expect(await app.call('PUT', `/workspaces/${id}/files`, bulk)).toMatchObject({
      status: 400,
      body: { error: 'invalid request body' },
    });
    expect((await list(id, '?depth=5')).body).toEqual(before);
  });

  it('roots and depths are those of the contract', async () => {
    const id = await create();
    await put(id, 'plugins/p/rules/a.md', 'rule');
    const refused = { status: 400, body: { error: 'root must be one of: /configs, /workspace, /home, /plugins' } };
    expect(await list(id, '?root=/etc')).toMatchObject(refused);
    expect(await get(id, 'config.yaml?root=configs')).toMatchObject(refused);
    for (const depth of ['0', '6', 'x', '1.5']) {
      expect(await list(id, `?depth=${depth}`)).toMatchObject({ status: 400, body: { error: 'depth must be 1-5' } });
    }
    expect((await list(id, '?root=/plugins&depth=2')).body).toEqual([
      { path: 'p', size: 0, dir: true },
      { path: 'p/rules', size: 0, dir: true },
    ]);
    expect((await get(id, 'p/rules/a.md?root=/plugins')).body).toMatchObject({ content: 'rule' });
    expect((await list(id, '?path=plugins/p')).body).toEqual([{ path: 'rules', size: 0, dir: true }]);
    expect((await list(id, '?root=/workspace')).body).toEqual([]);
    expect((await list(id, '?root=/home&path=nothing')).body).toEqual([]);
  });

  it('an edit made for another version is refused with 412 and changes nothing', async () => {
    const id = await create();
    await put(id, 'a.md', 'one');
    const first = (await get(id, 'a.md')).headers.get('etag') ?? '';
    expect(first).toBe(`"${etagOf('one')}"`);
    const before = (await list(id)).headers.get('etag');
    expect(await put(id, 'a.md', 'two', { 'if-match': first })).toMatchObject({ status: 200 });
    const sizes = (await list(id)).headers.get('etag');
    expect([sizes, before]).toEqual([expect.stringMatching(/^"[0-9a-f]{32}"$/), expect.any(String)]);
    await put(id, 'b.md', 'more');
    expect((await list(id)).headers.get('etag')).not.toBe(sizes);
    const conflict = { status: 412, body: { error: 'file changed since it was read', code: 'file_changed' } };
    expect(await put(id, 'a.md', 'lost', { 'if-match': first })).toMatchObject(conflict);
    expect(await remove(id, 'a.md', { 'if-match': first })).toMatchObject(conflict);
    expect(await put(id, 'a.md', 'lost', { 'if-match': `W/"${etagOf('two')}"` })).toMatchObject(conflict);
    expect(await put(id, 'a.md', 'lost', { 'if-none-match': '*' })).toMatchObject(conflict);
    expect(await put(id, 'none.md', 'lost', { 'if-match': '*' })).toMatchObject(conflict);
    expect((await get(id, 'a.md')).body).toMatchObject({ content: 'two' });
    expect(await put(id, 'none.md', 'new', { 'if-none-match': '*' })).toMatchObject({ status: 200 });
    expect(await remove(id, 'a.md', { 'if-match': `"x", "${etagOf('two')}"` })).toMatchObject({ status: 200 });
  });

  it('several files are written only when each is a version that was named, or none of them', async () => {
    const id = await create();
    await put(id, 'a.md', 'a');
    await put(id, 'b.md', 'b');
    const replace = (headers: Record<string, string>, files: Record<string, string>) =>
      app.call('PUT', `/workspaces/${id}/files`, { files }, undefined, headers);
    const [a, b] = [`"${etagOf('a')}"`, `"${etagOf('b')}"`];
    const conflict = { status: 412, body: { code: 'file_changed' } };
    expect(await replace({ 'if-match': a }, { 'a.md': 'lost', 'b.md': 'lost' })).toMatchObject(conflict);
    expect(await replace({ 'if-match': '*' }, { 'a.md': 'lost', 'new.md': 'lost' })).toMatchObject(conflict);
    expect(await replace({ 'if-none-match': '*' }, { 'new.md': 'lost', 'b.md': 'lost' })).toMatchObject(conflict);
    expect((await get(id, 'a.md')).body.content).toBe('a');
    expect((await get(id, 'b.md')).body.content).toBe('b');
    expect(await get(id, 'new.md')).toMatchObject({ status: 404 });
    expect(await replace({ 'if-match': `${a}, ${b}` }, { 'a.md': '2', 'b.md': '2' })).toMatchObject({ status: 200 });
  });

  it('a bulk write merges, counts and says where it went', async () => {
    const id = await create();
    await put(id, 'kept.md', 'kept');
    const sent = { files: { 'a.md': 'a', './b//c.md': 'c' } };
    expect((await app.call('PUT', `/workspaces/${id}/files`, sent)).body).toEqual({
      status: 'replaced',
      workspace: id,
      files: 2,
      source: 'volume',
    });
    const paths = (await list(id, '?depth=2')).body.map((entry: { path: string }) => entry.path);
    expect(paths).toEqual(['a.md', 'b', 'b/c.md', 'config.yaml', 'kept.md']);
    const many = Object.fromEntries(Array.from({ length: 201 }, (_, index) => [`${index}.md`, 'x']));
    expect(await app.call('PUT', `/workspaces/${id}/files`, { files: many })).toMatchObject({
      status: 400,
      body: { error: 'too many files' },
    });
    const twice = { files: { 'd.md': '1', './d.md': '2' } };
    expect(await app.call('PUT', `/workspaces/${id}/files`, twice)).toMatchObject({ status: 400 });
    const clash = { files: { b: 'x', 'e.md': 'x' } };
    expect(await app.call('PUT', `/workspaces/${id}/files`, clash)).toMatchObject({
      status: 500,
      body: { error: 'failed to write file b: a folder of that name is there', code: 'file_write_failed' },
    });
    expect(await put(id, 'b', 'x')).toMatchObject({
      status: 500,
      body: { error: 'failed to write file: a folder of that name is there' },
    });
  });

  it('a file that is too large is refused', async () => {
    const id = await create();
    expect(await put(id, 'big.md', 'x'.repeat(5 * 1024 * 1024 + 1))).toMatchObject({ status: 413 });
    expect(await put(id, 'fits.md', 'x'.repeat(5 * 1024 * 1024))).toMatchObject({ status: 200 });
    expect((await get(id, 'fits.md')).body.size).toBe(5 * 1024 * 1024);
    expect(await get(id, 'big.md')).toMatchObject({ status: 404 });
  });

  it('before its first start a workspace shows what that start would lay, and keeps what is written then', async () => {
    const id = await createUnstarted();
    const config = await get(id, 'config.yaml');
    expect(config).toMatchObject({ status: 200, body: { content: expect.stringContaining('name: "Waiting"') } });
    expect((await list(id)).body).toEqual([{ path: 'config.yaml', size: config.body.size, dir: false }]);
    expect(await get(id, 'missing.md')).toMatchObject({
      status: 404,
      body: { error: 'file not found (container offline, no template)' },
    });
    const etag = config.headers.get('etag') ?? '';
    expect(await put(id, 'config.yaml', 'lost', { 'if-match': '"other"' })).toMatchObject({ status: 412 });
    expect(await put(id, 'config.yaml', 'name: Mine\n', { 'if-match': etag })).toMatchObject({ status: 200 });
    expect((await get(id, 'config.yaml')).body).toMatchObject({ content: 'name: Mine\n' });
    const other = await createUnstarted();
    await put(other, 'notes.md', 'mine');
    expect((await list(other)).body.map((entry: { path: string }) => entry.path)).toEqual(['config.yaml', 'notes.md']);
    const third = await createUnstarted();
    expect(await remove(third, 'missing.md')).toMatchObject({ status: 404 });
    expect(await remove(third, 'config.yaml')).toMatchObject({ status: 200 });
    expect((await list(third)).body).toEqual([]);
  });

  it('an edit survives a restart, whether or not the agent forgets its conversations', async () => {
    const id = await create();
    await put(id, 'config.yaml', 'name: Mine\nruntime: echo\n');
    const answers = [];
    const asked: readonly (readonly [query: string, body?: object])[] = [
      ['', {}],
      ['?reset=true'],
      ['', { reset: true }],
      ['?reset=1', { reset: 'yes' }],
    ];
    for (const [query, body] of asked) {
      answers.push((await app.call('POST', `/workspaces/${id}/restart${query}`, body)).body.reset_session);
    }
    expect(answers).toEqual([false, true, true, false]);
    await waitFor(
      async () => {
        const row = await rowOf(id);
        return row.observed_generation === row.generation && row.instance_state === 'running';
      },
      { timeoutMs: 20_000, what: 'the restarts' },
    );
    expect((await get(id, 'config.yaml')).body.content).toBe('name: Mine\nruntime: echo\n');
  });

  it('D24: of an agent that runs elsewhere no verb finds a place', async () => {
    const { body } = await app.call('POST', '/workspaces', { name: 'Elsewhere', external: true });
    const why = 'this workspace runs outside of this server, which keeps no files of it';
    expect((await list(body.id)).body).toEqual([]);
    expect(await get(body.id, 'config.yaml')).toMatchObject({
      status: 404,
      body: { error: 'file not found (container offline, no template)' },
    });
    expect(await put(body.id, 'a.md', 'x')).toMatchObject({
      status: 500,
      body: { error: `failed to write file: ${why}` },
    });
    expect(await app.call('PUT', `/workspaces/${body.id}/files`, { files: { 'a.md': 'x' } })).toMatchObject({
      status: 500,
      body: { error: 'failed to write files to workspace' },
    });
    expect(await remove(body.id, 'a.md')).toMatchObject({ status: 500, body: { error: `failed to delete: ${why}` } });
  });

  it('a removed or unknown workspace has none, and one on another host is not guessed at', async () => {
    const id = await create();
    await app.call('DELETE', `/workspaces/${id}`);
    const gone = { status: 404, body: { error: 'workspace not found' } };
    for (const other of [id, '6a1b5f0e-0000-4000-8000-000000000000']) {
      expect(await list(other)).toMatchObject(gone);
      expect(await get(other, 'config.yaml')).toMatchObject(gone);
      expect(await put(other, 'a.md', 'x')).toMatchObject(gone);
      expect(await remove(other, 'a.md')).toMatchObject(gone);
    }
    const unstarted = await createUnstarted();
    await app.app.ports.lanes.control
      .updateTable('workspaces')
      .set({ host_id: '6a1b5f0e-0000-4000-8000-000000000000' })
      .where('id', '=', unstarted)
      .execute();
    const elsewhere = { status: 503, body: { code: 'workspace_on_another_host', retry: true } };
    expect(await list(unstarted)).toMatchObject(elsewhere);
    expect(await put(unstarted, 'a.md', 'x')).toMatchObject(elsewhere);
  });
});
