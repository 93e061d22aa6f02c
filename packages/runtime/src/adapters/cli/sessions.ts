import { readFile } from 'node:fs/promises';
import { replaceFile } from '../../journal/durable-file.js';
import { type Log, reasonOf } from '../../log.js';
import { isObject } from './run-program.js';

/** Which session of an agent program belongs to which conversation, across starts of the agent. */
export interface Sessions {
  find(contextId: string): Promise<string | null>;
  keep(contextId: string, sessionId: string): Promise<void>;
  forget(contextId: string): Promise<void>;
}

const SESSIONS_MAX = 500;

/**
 * Kept in one file of the agent's run folder. Unreadable content is a fresh start and is said: the history of a conversation
 * is in the journal as well, so nothing that was said is lost.
 */
export function createSessions(path: string, adapter: string, log: Pick<Log, 'warn'>): Sessions {
  let loaded: Promise<Map<string, string>> | null = null;
  let written = Promise.resolve();

  const load = (): Promise<Map<string, string>> => {
    loaded ??= readSessions(path, adapter).catch((error: unknown) => {
      log.warn('sessions_unreadable', { reason: reasonOf(error) });
      return new Map<string, string>();
    });
    return loaded;
  };

  async function store(known: ReadonlyMap<string, string>): Promise<void> {
    written = written
      .then(() => replaceFile(path, `${JSON.stringify({ adapter, sessions: [...known] })}\n`))
      .catch((error: unknown) => log.warn('session_not_kept', { reason: reasonOf(error) }));
    await written;
  }

  return {
    find: async (contextId) => (await load()).get(contextId) ?? null,
    async keep(contextId, sessionId) {
      const known = await load();
      if (known.get(contextId) === sessionId) return;
      known.delete(contextId);
      known.set(contextId, sessionId);
      const [oldest] = known.keys();
      if (known.size > SESSIONS_MAX && oldest !== undefined) known.delete(oldest);
      await store(known);
    },
    async forget(contextId) {
      const known = await load();
      if (known.delete(contextId)) await store(known);
    },
  };
}

async function readSessions(path: string, adapter: string): Promise<Map<string, string>> {
  let text: string;
  try {
    text = await readFile(path, 'utf8');
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return new Map();
    throw error;
  }
  const value: unknown = JSON.parse(text);
  // The sessions of another program mean nothing to this one.
  if (!isObject(value) || value.adapter !== adapter || !Array.isArray(value.sessions)) return new Map();
  const pairs = value.sessions.flatMap((pair: unknown) =>
    Array.isArray(pair) && typeof pair[0] === 'string' && typeof pair[1] === 'string'
      ? [[pair[0], pair[1]] as const]
      : [],
  );
  return new Map(pairs);
}
