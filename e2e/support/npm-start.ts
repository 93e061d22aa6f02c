import { type Program, startProgram } from './cli.js';

export interface NpmStart extends Program {
  /** Resolves with the URL once the server says that it runs. */
  untilRunning(timeoutMs?: number): Promise<string>;
  /** Ctrl-C in its terminal: every process of the foreground group gets the signal. */
  pressCtrlC(): void;
}

export interface NpmStartOptions {
  readonly dataDir: string;
  /** Where npm keeps its own files. */
  readonly home: string;
  readonly env?: Readonly<Record<string, string>>;
  readonly cwd?: string;
  readonly uid?: number;
}

/** `npm start`, as a person types it. */
export function npmStart({ dataDir, home, env = {}, ...options }: NpmStartOptions): NpmStart {
  const program = startProgram('npm', ['start'], {
    ...options,
    env: {
      HOME: home,
      PORT: '0',
      LOG_LEVEL: 'warn',
      npm_config_update_notifier: 'false',
      ...env,
      MOLECULE_DATA_DIR: dataDir,
    },
  });
  return {
    ...program,
    async untilRunning(timeoutMs = 60_000) {
      const [, url = ''] = await program.says(/running at (http\S+)[\s\S]*Stop:/, timeoutMs);
      return url;
    },
    pressCtrlC() {
      if (program.child.pid !== undefined) process.kill(-program.child.pid, 'SIGINT');
    },
  };
}
