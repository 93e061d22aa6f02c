import type { Adapter } from '../src/adapters/adapter.js';
import { systemClock } from '../src/clock.js';
import { readEnv } from '../src/env.js';
import { systemRandom } from '../src/random.js';
import { type Runtime, startRuntime } from '../src/runtime.js';
import { createWorkspaceFolder } from './agent-process.js';
import type { FakePlatform } from './fake-platform.js';

export interface InProcessAgent extends Runtime {
  readonly log: readonly { readonly event: string }[];
  /** Stops it in order and removes its folder. */
  end(): Promise<void>;
}

export interface InProcessAgentOptions {
  readonly platform: FakePlatform;
  readonly id?: string;
  readonly name?: string;
  readonly runtime?: 'echo' | 'llm';
  readonly config?: string;
  readonly adapter?: Adapter;
  readonly variables?: Readonly<Record<string, string>>;
}

/** The real runtime, in this process, over real HTTP. */
export async function startAgent(options: InProcessAgentOptions): Promise<InProcessAgent> {
  const { platform, id = 'w1', name = 'Solo', adapter } = options;
  if (!platform.workspaces.has(id)) platform.addWorkspace({ id, name });
  const folder = await createWorkspaceFolder(
    `name: ${name}\nruntime: ${options.runtime ?? 'echo'}\n${options.config ?? ''}`,
    platform.workspaces.get(id)?.token ?? null,
  );
  const log: { event: string }[] = [];
  const note = (event: string) => {
    log.push({ event });
  };
  const runtime = await startRuntime({
    env: readEnv({ WORKSPACE_ID: id, PLATFORM_URL: platform.url, CONFIGS_DIR: folder.configs, ...options.variables }),
    clock: systemClock,
    random: systemRandom,
    log: { info: note, warn: note, error: note },
    toolServer: ['/nonexistent/tools'],
    process: { pid: process.pid, startedAt: new Date() },
    ...(adapter ? { loadAdapter: async () => ({ adapter, fallbackReason: null }) } : {}),
  });
  return {
    ...runtime,
    log,
    async end() {
      runtime.stop();
      await runtime.exited;
      await folder.remove();
    },
  };
}

/** An adapter that answers when the test says so. */
export function createManualAdapter(options: { replaySafe?: boolean } = {}) {
  const runs: {
    readonly text: string;
    readonly history: readonly { role: string; text: string }[];
    finish(text: string): void;
    fail(error: Error): void;
  }[] = [];
  const adapter: Adapter = {
    name: 'manual',
    demo: false,
    model: 'test-model',
    replaySafe: options.replaySafe ?? false,
    async *run(turn, { signal }) {
      const text = await new Promise<string>((resolve, reject) => {
        runs.push({ text: turn.text, history: turn.history, finish: resolve, fail: reject });
        signal.addEventListener('abort', () => reject(signal.reason), { once: true });
      });
      yield { type: 'text_delta', text };
      yield { type: 'done', text, usage: { input_tokens: 3, output_tokens: 5 } };
    },
  };
  return { adapter, runs };
}
