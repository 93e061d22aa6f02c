import { mkdtemp, rm } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createFakeClock, type FakeClock, waitFor } from '@molecule/testkit';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createPlatformClient } from '../platform/platform-client.js';
import type { Answer } from './answer.js';
import { createCursorFile } from './cursor.js';
import { type DriveEvent, drive } from './drive.js';
import { openWorkBook, type WorkBook } from './work-book.js';

const ME = '6a1b5f0e-9c3d-4e2f-8a7b-0123456789ab';
const ROW = {
  id: '1a1b5f0e-9c3d-4e2f-8a7b-0123456789ab',
  workspace_id: ME,
  activity_type: 'a2a_receive',
  source_id: null,
  method: 'message/send',
  status: 'ok',
  created_at: '2026-01-01T00:00:00Z',
  seq: 1,
  request_body: { params: { message: { parts: [{ kind: 'text', text: 'question' }] } } },
};

/** A platform with one message in the inbox, which can be told how it answers. */
describe('an agent that is driven by a command', () => {
  let folder: string;
  let server: Server;
  let asked: string[];
  let statusOf: (path: string) => number;
  let clock: FakeClock;
  let wallOffset: number;
  let ageSeconds: number;
  let stop: AbortController;
  let worked: number;
  let told: DriveEvent[];
  const books: WorkBook[] = [];

  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'molecule-drive-'));
    asked = [];
    told = [];
    worked = 0;
    wallOffset = 0;
    ageSeconds = 0;
    statusOf = () => 200;
    clock = createFakeClock();
    stop = new AbortController();
    await listen(0);
  });
  afterEach(async () => {
    stop.abort();
    server.closeAllConnections();
    server.close();
    await Promise.all(books.splice(0).map((book) => book.close()));
    await rm(folder, { recursive: true, force: true });
  });

  async function listen(port: number): Promise<void> {
    server = createServer((request, response) => {
      request.resume();
      const { pathname, searchParams } = new URL(request.url ?? '', 'http://x');
      const name = pathname.split('/').at(-1) ?? '';
      asked.push(name);
      const status = statusOf(name);
      // A long poll that has nothing to tell.
      if (name === 'activity' && status === 200 && searchParams.has('since_id')) return;
      response.writeHead(status, { 'content-type': 'application/json' });
      const rows = Number(searchParams.get('since_secs')) > ageSeconds ? [ROW] : [];
      response.end(
        JSON.stringify(name === 'activity' && status === 200 ? rows : { error: 'because', hint: 'make another' }),
      );
    });
    await new Promise<void>((resolve) => server.listen(port, '127.0.0.1', resolve));
  }

  async function start(work: () => Promise<Answer> = async () => ({ text: 'answer' })) {
    const { port } = server.address() as AddressInfo;
    const platformUrl = `http://127.0.0.1:${port}`;
    const book = await openWorkBook(join(folder, 'book'));
    books.push(book);
    stop = new AbortController();
    return drive(
      {
        client: createPlatformClient({
          baseUrl: platformUrl,
          workspaceId: ME,
          token: 'test',
          onUnauthorized: () => {},
        }),
        clock: { ...clock, now: () => new Date(clock.now().getTime() + wallOffset) },
        random: { uuid: () => ME, fraction: () => 1 },
        workspaceId: ME,
        platformUrl,
        card: {},
        cursor: createCursorFile(join(folder, 'cursor'), () => {}),
        book,
        work: () => {
          worked += 1;
          return work();
        },
        tell: (event) => void told.push(event),
      },
      stop.signal,
    );
  }
  const count = (name: string) => asked.filter((one) => one === name).length;
  const heard = (kind: DriveEvent['kind']) => told.filter((event) => event.kind === kind);

  it('an answer that was found but not sent is sent by the next one, and the work is not done again', async () => {
    statusOf = (name) => (name === 'notify' ? 503 : 200);
    const first = start();
    await waitFor(() => count('notify') === 1);
    stop.abort();
    expect(await first).toEqual({ kind: 'stopped' });
    statusOf = () => 200;
    // The cursor is lost as well: the same row is read again.
    await rm(join(folder, 'cursor'));
    const readsBefore = count('activity');
    const second = start();
    await waitFor(() => heard('answered').length === 1);
    // It asks for more only when it has taken the row.
    await waitFor(() => count('activity') === readsBefore + 2);
    stop.abort();
    await second;
    expect(worked).toBe(1);
    expect(heard('answered')).toMatchObject([{ answer: { text: 'answer' } }]);
  });

  it('a question that was asked hours before it ran for the first time is answered', async () => {
    ageSeconds = 5 * 3_600;
    const running = start();
    await waitFor(() => heard('answered').length === 1);
    stop.abort();
    await running;
    expect(worked).toBe(1);
  });

  it('goes on after a sleep of hours, and after the server was away', async () => {
    const running = start();
    await waitFor(() => heard('answered').length === 1);
    await waitFor(() => count('activity') === 2);
    await waitFor(() => clock.pendingCount() > 0);
    wallOffset = 5 * 3_600_000;
    await clock.advance(5_000);
    // It beats at once, and the poll that hung since before the sleep is made anew.
    await waitFor(() => heard('awake').length === 1);
    await waitFor(() => count('activity') === 3);
    const { port } = server.address() as AddressInfo;
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
    const beatsBefore = count('heartbeat');
    await waitFor(async () => {
      await clock.advance(5_000);
      return heard('trouble').length > 0;
    });
    await listen(port);
    await waitFor(async () => {
      await clock.advance(5_000);
      return count('heartbeat') > beatsBefore && heard('online').length === 2;
    });
    stop.abort();
    expect(await running).toEqual({ kind: 'stopped' });
    expect(worked).toBe(1);
  });

  it('a 401 ends it only when its own workspace says so too', async () => {
    statusOf = (name) => (name === 'activity' ? 401 : 200);
    const running = start();
    await waitFor(() => heard('trouble').length > 0);
    statusOf = (name) => (name === 'activity' || name === ME ? 401 : 200);
    await waitFor(async () => {
      await clock.advance(1_000);
      return stop.signal.aborted || count(ME) > 1;
    });
    expect(await running).toEqual({ kind: 'revoked', reason: 'because' });
  });

  it('a workspace that was removed ends it with the way on', async () => {
    statusOf = (name) => (name === ME ? 410 : 401);
    expect(await start()).toEqual({ kind: 'removed', reason: 'because', hint: 'make another' });
  });

  it('an answer the platform will never take is told once and not tried for ever', async () => {
    statusOf = (name) => (name === 'notify' ? 400 : 200);
    const running = start();
    await waitFor(() => heard('unwanted').length === 1);
    stop.abort();
    await running;
    expect(count('notify')).toBe(1);
    const again = await openWorkBook(join(folder, 'book'));
    books.push(again);
    expect(again.next()).toBeNull();
  });
});
