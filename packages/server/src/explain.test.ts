import pg from 'pg';
import { expect, it } from 'vitest';
import { EXIT, explain } from './explain.js';

it('a database that does not answer is told with the variable to look at, and no stack', async () => {
  const client = new pg.Client({ connectionString: 'postgres://nobody@127.0.0.1:1/none' });
  const refusal: unknown = await client.connect().catch((error: unknown) => error);
  const { sentence, code } = explain(refusal);
  expect(sentence).toContain('DATABASE_URL');
  expect(sentence).toContain('ECONNREFUSED');
  expect(sentence).not.toContain('    at ');
  expect(code).toBe(EXIT.unavailable);
});

it('what nobody has foreseen is told with all there is', () => {
  expect(explain(new Error('odd')).sentence).toMatch(/^The server could not start: Error: odd\n +at /);
});
