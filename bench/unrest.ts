import type { Client } from '@molecule/contract/client';

/** Gauges that say that somebody holds or waits for a database connection. */
export async function readUnrest(api: Client): Promise<readonly string[]> {
  const { body } = await api.call('metrics', {});
  const gauges = body.split('\n').filter((line) => line.startsWith('molecule_db_connections{'));
  if (gauges.length === 0) throw new Error('/metrics has no gauges of the database connections');
  return gauges.filter((line) => /state="(busy|waiting)"/.test(line) && !line.endsWith(' 0'));
}
