import { Client } from 'pg';
import { toUrl } from './password.js';

/**
 * What the port says. `busy`: a Postgres that is starting, recovering or stopping. `wrong_password`: a Postgres, but
 * not with our password. `silent`: nothing that speaks to us.
 */
export type ProbeAnswer = 'answers' | 'busy' | 'wrong_password' | 'silent';

const TIMEOUT_MS = 2_000;

export async function probe(port: number, password: string): Promise<ProbeAnswer> {
  const client = createClient(port, password, 'postgres');
  try {
    await client.connect();
    return 'answers';
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? error.code : null;
    if (code === '57P03') return 'busy';
    return code === '28P01' || code === '28000' ? 'wrong_password' : 'silent';
  } finally {
    await client.end();
  }
}

/** One connection outside every pool. Its errors after connecting arrive as `end`, which callers watch. */
export function createClient(port: number, password: string, database: string): Client {
  const client = new Client({
    connectionString: toUrl(port, password, database),
    connectionTimeoutMillis: TIMEOUT_MS,
    application_name: 'molecule-owner',
    keepAlive: true,
  });
  client.on('error', () => {}); // Without a listener Node would end the process; `end` follows and is handled.
  return client;
}
