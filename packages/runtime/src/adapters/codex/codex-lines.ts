import type { AdapterEvent } from '../adapter.js';
import { explainModelError } from '../cli/adapter-failures.js';
import type { CliEnd, LineReader } from '../cli/cli-adapter.js';
import { type JsonObject, objectAt, textAt } from '../cli/run-program.js';
import type { Transcript } from '../cli/transcript.js';

/** It tries for ever to reach a network that is away, about four times a minute. */
const RECONNECTS_MAX = 12;

/** The lines of `codex exec --json`. It does not stream words: each piece of text comes as a whole. */
export function createCodexReader(transcript: Transcript, variables: Readonly<Record<string, string>>): LineReader {
  let sessionId: string | null = null;
  let end: CliEnd | null = null;
  let lastError = '';
  let reconnects = 0;

  function* readItem(item: JsonObject, isCompleted: boolean): Generator<AdapterEvent> {
    const id = textAt(item, 'id') ?? '';
    switch (item.type) {
      case 'agent_message':
        if (!isCompleted) return;
        transcript.paragraph();
        yield* transcript.say(textAt(item, 'text') ?? '');
        return;
      case 'command_execution':
        yield* readCall(item, id, 'shell', textAt(item, 'command') ?? '', isCompleted);
        return;
      case 'mcp_tool_call':
        yield* readCall(item, id, textAt(item, 'tool') ?? 'tool', item.arguments, isCompleted);
        return;
      case 'file_change':
        yield* readCall(item, id, 'edit_files', item.changes, isCompleted);
        return;
      case 'web_search':
        yield* readCall(item, id, 'web_search', textAt(item, 'query') ?? '', isCompleted);
        return;
      // Warnings of its own, plans and thoughts are not part of an answer.
      default:
        return;
    }
  }

  function* readCall(
    item: JsonObject,
    id: string,
    name: string,
    detail: unknown,
    isCompleted: boolean,
  ): Generator<AdapterEvent> {
    // Short ones are told at their end only.
    yield* transcript.open(id, name, detail);
    if (isCompleted) yield* transcript.close(id, item.status === 'failed' || item.status === 'declined');
  }

  function fail(message: string): void {
    // Of a refused request it passes on the body alone.
    const status = /\bstatus (\d{3})\b/.exec(message)?.[1] ?? (message.includes('invalid_request') ? '400' : undefined);
    const error = explainModelError(
      'Codex',
      'OPENAI_API_KEY',
      status === undefined ? null : Number(status),
      message,
      variables,
    );
    end = { kind: 'failed', error };
  }

  return {
    sessionId: () => sessionId,
    end: () => end,
    *read(line) {
      if (line.type !== 'error') reconnects = 0;
      switch (line.type) {
        case 'thread.started':
          sessionId = textAt(line, 'thread_id');
          return;
        case 'item.started':
        case 'item.completed':
          yield* readItem(objectAt(line, 'item'), line.type === 'item.completed');
          return;
        case 'error':
          lastError = textAt(line, 'message') ?? lastError;
          reconnects += 1;
          if (reconnects >= RECONNECTS_MAX) fail(lastError);
          return;
        case 'turn.failed':
          fail(textAt(objectAt(line, 'error'), 'message') ?? lastError);
          return;
        case 'turn.completed': {
          const usage = objectAt(line, 'usage');
          end = {
            kind: 'done',
            text: null,
            usage: { input_tokens: count(usage, 'input_tokens'), output_tokens: count(usage, 'output_tokens') },
          };
          return;
        }
        default:
          return;
      }
    },
  };
}

function count(usage: JsonObject, name: string): number {
  const value = usage[name];
  return typeof value === 'number' ? value : 0;
}
