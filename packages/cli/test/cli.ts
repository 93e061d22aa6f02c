import { randomUUID } from 'node:crypto';
import type { Activity, Workspace } from '@molecule/contract';
import type { Ask } from '../src/command.js';
import type { Environment } from '../src/config.js';
import { run } from '../src/run.js';
import { type FakeServer, startFakeServer } from './fake-server.js';

/** What a person saw of one command. */
export interface Seen {
  readonly exit: number;
  readonly out: string;
  readonly error: string;
}

export interface Cli {
  readonly server: FakeServer;
  readonly environment: Environment;
  /** Runs `molecule <words>` in this process against the fake server. */
  molecule(...words: readonly string[]): Promise<Seen>;
  close(): Promise<void>;
}

export async function createCli(dataDir: string): Promise<Cli> {
  const server = await startFakeServer();
  const environment: Environment = {
    dataDir,
    url: server.url,
    token: 'test-token',
    tokenFrom: 'server.json',
    from: 'MOLECULE_URL',
    serverPid: null,
    path: '/usr/bin:/bin',
    editor: ['/nonexistent/editor'],
  };
  return {
    server,
    environment,
    molecule: (...words) => molecule(environment, words),
    close: () => server.close(),
  };
}

export async function molecule(
  environment: Environment,
  words: readonly string[],
  options: {
    readonly signal?: AbortSignal;
    readonly onOut?: (text: string) => void;
    readonly ask?: Ask;
    readonly input?: string;
  } = {},
): Promise<Seen> {
  const seen = { out: '', error: '' };
  const exit = await run(words, environment, {
    out: (text) => {
      seen.out += text;
      options.onOut?.(text);
    },
    error: (text) => {
      seen.error += text;
    },
    ask: options.ask ?? null,
    readInput: async () => options.input ?? '',
    signal: options.signal ?? new AbortController().signal,
  });
  return { exit, ...seen };
}

export function aWorkspace(fields: Partial<Workspace> = {}): Workspace {
  return {
    id: randomUUID(),
    name: 'Lead',
    role: null,
    tier: 1,
    status: 'online',
    url: '',
    parent_id: null,
    agent_card: null,
    active_tasks: 0,
    start_progress: '',
    max_concurrent_tasks: 1,
    last_error_rate: 0,
    uptime_seconds: 1,
    runtime: 'echo',
    template: '',
    x: 0,
    y: 0,
    collapsed: false,
    w: null,
    h: null,
    z: 0,
    last_heartbeat_at: null,
    created_at: '2026-01-01T00:00:00Z',
    generation: 1,
    demo: false,
    hibernation_idle_minutes: null,
    needs_restart: false,
    template_changed: false,
    model: null,
    last_sample_error: '',
    current_task: '',
    workspace_dir: null,
    monthly_spend: 0,
    budget_limit: null,
    ...fields,
  };
}

export function anActivity(fields: Partial<Activity> = {}): Activity {
  return {
    id: randomUUID(),
    workspace_id: randomUUID(),
    activity_type: 'a2a_receive',
    source_id: null,
    target_id: null,
    method: 'message/stream',
    summary: null,
    duration_ms: null,
    status: 'ok',
    error_detail: null,
    created_at: '2026-01-01T00:00:00Z',
    seq: 1,
    message_id: null,
    ...fields,
  };
}
