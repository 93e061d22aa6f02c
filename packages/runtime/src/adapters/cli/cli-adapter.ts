import type { Clock } from '../../clock.js';
import { MESSAGE_ID_VARIABLE, type RuntimeEnv } from '../../env.js';
import type { Log } from '../../log.js';
import type { Random } from '../../random.js';
import { sessionsPath } from '../../run-files.js';
import type { Adapter, AdapterContext, AdapterError, AdapterEvent, Turn } from '../adapter.js';
import { explainEnd, explainRefusal } from './adapter-failures.js';
import { createLine } from './line.js';
import { toPromptText } from './prompt-text.js';
import { type JsonObject, type ProgramEnd, runProgram } from './run-program.js';
import { createSessions } from './sessions.js';
import { createTranscript, type Transcript } from './transcript.js';

export interface CliAdapterDeps {
  readonly env: RuntimeEnv;
  readonly clock: Clock;
  readonly random: Pick<Random, 'uuid'>;
  readonly log: Pick<Log, 'info' | 'warn'>;
  /** The program that serves the platform tools over MCP, for an agent program to start. */
  readonly toolServer: readonly string[];
  /** How long a program may be silent while it works on none of its tools. Default ten minutes. */
  readonly silenceMs?: number;
}

/** How a program is called for one message. */
export interface Call {
  readonly argv: readonly string[];
  readonly env: Readonly<Record<string, string>>;
  readonly input: string;
  /** Cleans up after it. */
  readonly after?: () => Promise<void>;
}

/** What one line of a program means. */
export interface LineReader {
  read(line: JsonObject): Iterable<AdapterEvent>;
  /** What the program said about its end; null while it said nothing. */
  end(): CliEnd | null;
  /** Of the session it works in, as soon as it is known. */
  sessionId(): string | null;
}

export type CliEnd =
  | {
      readonly kind: 'done';
      readonly text: string | null;
      readonly usage?: { readonly input_tokens: number; readonly output_tokens: number };
    }
  /** The session that was to be continued is not there any more. */
  | { readonly kind: 'no_session' }
  | { readonly kind: 'failed'; readonly error: AdapterError };

/** What differs from one agent program to the next. */
export interface CliProgram {
  readonly name: string;
  readonly model: string | null;
  /** Null when it can work; else what it lacks, for people. Asked before each turn. */
  lacks(): AdapterError | null;
  call(input: {
    readonly prompt: string;
    readonly systemPrompt: string;
    readonly sessionId: string | null;
  }): Promise<Call>;
  createReader(transcript: Transcript): LineReader;
  /** What an end without a word of its own means, by what it printed; null when it means nothing special. */
  readEnd?(end: ProgramEnd): CliEnd | null;
}

const SILENCE_MS = 10 * 60_000;
/** While a tool runs nothing is said, and a delegation may take hours; its own deadline ends it (design §7). */
const TOOL_SILENCE_MS = 7 * 60 * 60_000;

/**
 * An agent program driven over its JSON lines: one run per message, continuing the session of its conversation. A session
 * that is gone is begun anew with what was said before.
 */
export function createCliAdapter(program: CliProgram, deps: CliAdapterDeps): Adapter {
  const { env, clock, log } = deps;
  const sessions = createSessions(sessionsPath(env), program.name, log);
  const line = createLine();

  async function* attempt(
    turn: Turn,
    context: AdapterContext,
    sessionId: string | null,
  ): AsyncGenerator<AdapterEvent, 'answered' | 'no_session', void> {
    const transcript = createTranscript();
    const reader = program.createReader(transcript);
    const prompt = toPromptText(turn, sessionId !== null);
    const call = await program.call({ prompt, systemPrompt: context.systemPrompt, sessionId });
    const run = runProgram(
      {
        ...call,
        env: { ...env.variables, ...call.env, [MESSAGE_ID_VARIABLE]: turn.messageId },
        patienceMs: () => (transcript.hasOpenCalls() ? TOOL_SILENCE_MS : (deps.silenceMs ?? SILENCE_MS)),
      },
      clock,
      context.signal,
    );
    const end = yield* readRun(run, reader, (id) => sessions.keep(turn.contextId, id), call.after);
    yield* transcript.closeAll();
    if (end.garbage > 0) log.warn('program_lines_unreadable', { program: program.name, lines: end.garbage });
    const outcome = reader.end() ?? program.readEnd?.(end) ?? null;
    if (outcome === null) throw explainEnd(program.name, end, env.variables);
    switch (outcome.kind) {
      case 'failed':
        throw outcome.error;
      case 'no_session':
        return 'no_session';
      case 'done': {
        const text = transcript.text() || (outcome.text ?? '');
        yield { type: 'done', text, ...(outcome.usage ? { usage: outcome.usage } : {}) };
        return 'answered';
      }
    }
  }

  return {
    name: program.name,
    demo: false,
    model: program.model,
    async *run(turn, context) {
      const lack = program.lacks();
      if (lack !== null) throw lack;
      const leave = await line.enter(turn.contextId, context.signal);
      try {
        const known = await sessions.find(turn.contextId);
        if ((yield* attempt(turn, context, known)) === 'answered') return;
        log.warn('session_gone', { program: program.name });
        await sessions.forget(turn.contextId);
        yield* attempt(turn, context, null);
      } catch (error) {
        context.signal.throwIfAborted();
        const failure = explainRefusal(program.name, error);
        log.warn('program_failed', { program: program.name, reason: String(failure) });
        throw failure;
      } finally {
        leave();
      }
    },
  };
}

/** Passes on what the lines mean, and answers how the program ended. */
async function* readRun(
  run: AsyncGenerator<JsonObject, ProgramEnd, void>,
  reader: LineReader,
  keep: (sessionId: string) => Promise<void>,
  after: Call['after'],
): AsyncGenerator<AdapterEvent, ProgramEnd, void> {
  let kept: string | null = null;
  const left: ProgramEnd = { code: null, signal: null, lastWords: [], garbage: 0, stoppedBecause: null };
  try {
    for (;;) {
      const next = await run.next();
      if (next.done === true) return next.value;
      yield* reader.read(next.value);
      // It may try on for ever; whoever waits has to be told.
      if (reader.end()?.kind === 'failed') return left;
      const id = reader.sessionId();
      if (id === null || id === kept) continue;
      kept = id;
      await keep(id);
    }
  } finally {
    // The turn was left: nothing of the program may go on.
    await run.return(left);
    await after?.();
  }
}
