import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { useTestDatabase } from '../../../test/database.js';
import { type RealApp, startRealApp } from '../../../test/real-app.js';

describe('programs for agents elsewhere', () => {
  const database = useTestDatabase();
  const unbuilt = useTestDatabase();
  let app: RealApp;
  beforeAll(async () => {
    app = await startRealApp(database.url);
  });
  afterAll(() => app.close());

  const get = (headers: Record<string, string> = {}) => fetch(`${app.url}/dl/molecule-mcp.tgz`, { headers });

  it('are given to anybody, and once only to who has them already', async () => {
    const first = await get();
    expect([first.status, await first.text()]).toEqual([200, 'a package']);
    expect(first.headers.get('content-type')).toBe('application/gzip');
    const etag = first.headers.get('etag') ?? '';
    const again = await get({ 'if-none-match': etag });
    expect([again.status, await again.text(), again.headers.get('etag')]).toEqual([304, '', etag]);
  });

  it('a server that was not built says what to do', async () => {
    const other = await startRealApp(unbuilt.url, { mcpPackage: '/nowhere/at/all.tgz' });
    try {
      const reply = await other.call('GET', '/dl/molecule-mcp.tgz');
      expect(reply).toMatchObject({ status: 404, body: { code: 'download_not_built' } });
    } finally {
      await other.close();
    }
  });
});
