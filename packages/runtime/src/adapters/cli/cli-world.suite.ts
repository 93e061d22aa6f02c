import { execFileSync } from 'node:child_process';
import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { systemClock } from '../../clock.js';
import { type RuntimeEnv, readEnv } from '../../env.js';
import { systemRandom } from '../../random.js';
import type { Adapter, AdapterEvent, Turn } from '../adapter.js';
import { createContext, createTurn, finalText } from '../adapter.suite.js';
import type { CliAdapterDeps } from './cli-adapter.js';

export interface CliWorld {
  readonly dir: string;
  readonly env: RuntimeEnv;
  readonly deps: CliAdapterDeps;
  /** Events of one turn, what it threw included. */
  run(adapter: Adapter, text: string, turn?: Partial<Turn>): Promise<readonly AdapterEvent[]>;
  cleanup(): Promise<void>;
}

/** An agent's folders with a stand-in for its program. */
export async function createCliWorld(program: string, variables: Record<string, string>): Promise<CliWorld> {
  const dir = await mkdtemp(join(tmpdir(), 'molecule-cli-'));
  for (const name of ['configs', 'run', 'home']) await mkdir(join(dir, name));
  const env = readEnv({
    WORKSPACE_ID: 'self',
    PLATFORM_URL: 'http://127.0.0.1:9',
    CONFIGS_DIR: join(dir, 'configs'),
    HOME: join(dir, 'home'),
    PATH: process.env.PATH,
    MOLECULE_AGENT_PROGRAM: program,
    ...variables,
  });
  return {
    dir,
    env,
    deps: {
      env,
      clock: systemClock,
      random: systemRandom,
      log: { info: () => {}, warn: () => {} },
      toolServer: [process.execPath, join(dir, 'none.js')],
    },
    async run(adapter, text, turn = {}) {
      const events: AdapterEvent[] = [];
      for await (const event of adapter.run(createTurn({ text, ...turn }), createContext([]))) events.push(event);
      return events;
    },
    cleanup: () => rm(dir, { recursive: true, force: true }),
  };
}

export const answerOf = (events: readonly AdapterEvent[]): string => finalText(events);

/** Processes alive that were started for one message. */
export function processesOf(messageId: string): number {
  const listing = execFileSync('ps', ['axeww', '-o', 'command'], { encoding: 'utf8', maxBuffer: 64 * 1024 * 1024 });
  return listing.split('\n').filter((line) => line.split(' ').includes(`MOLECULE_MESSAGE_ID=${messageId}`)).length;
}
