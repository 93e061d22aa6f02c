import { routes } from '@molecule/contract';
import { createDataDir, removeDataDir } from '@molecule/testkit';
import { fastify } from 'fastify';
import pg from 'pg';
import { Compile } from 'typebox/compile';
import { createBatcher } from '../src/platform/batcher.js';
import { startEmbeddedPostgres } from '../src/platform/postgres/index.js';

/**
 * The least that a route can be which accepts a message for good: it validates the same body and inserts it, with the
 * product's batcher, into a table of one index on a Postgres of the same kind. What the product's route manages of its
 * requests per second is the price of callers, rights, the log of activity and its events. Started by bench/accept.bench.ts;
 * it stands here because nothing outside imports the server.
 */
const dataDir = await createDataDir();
const postgres = await startEmbeddedPostgres({ dataDir, log: () => {} });
const pool = new pg.Pool({ connectionString: postgres.url, max: 8 });
await pool.query('create table accepted (id uuid primary key, target text not null, body json not null)');
const inserts = createBatcher<string, void>({
  name: 'accepted',
  async run(rows) {
    const text =
      'insert into accepted select i.id, i.target, i.body from json_to_recordset($1::json) as i(id uuid, target text, body json)';
    await pool.query({ name: 'accept', text, values: [`[${rows.join(',')}]`] });
    return rows.map(() => undefined);
  },
});
const validator = Compile(routes.sendMessage.body);
const app = fastify();
app.post<{ Params: { id: string } }>(routes.sendMessage.path, async (request, reply) => {
  if (!validator.Check(request.body)) return reply.code(400).send({ error: 'invalid request body' });
  const id = crypto.randomUUID();
  const row = JSON.stringify({ id, target: request.params.id, body: request.body });
  await inserts.submit(row, row.length);
  return reply.code(202).send({ queued: true, message_id: id });
});
const stop = async (): Promise<void> => {
  await app.close();
  await pool.end();
  await postgres.stop();
  await removeDataDir(dataDir);
};
process.once('SIGTERM', () => {
  stop().then(
    () => process.exit(0),
    (error: unknown) => {
      console.error(error);
      process.exit(1);
    },
  );
});
process.send?.(await app.listen({ port: 0, host: '127.0.0.1' }));
