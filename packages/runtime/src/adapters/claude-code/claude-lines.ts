import type { AdapterEvent } from '../adapter.js';
import { explainModelError } from '../cli/adapter-failures.js';
import type { CliEnd, LineReader } from '../cli/cli-adapter.js';
import { type JsonObject, objectAt, objectsAt, textAt } from '../cli/run-program.js';
import type { Transcript } from '../cli/transcript.js';

const NO_SESSION = /^No conversation found with session ID/;

/** The lines of `--output-format stream-json`. What subagents say is theirs; the lead tells what came of it. */
export function createClaudeReader(transcript: Transcript, variables: Readonly<Record<string, string>>): LineReader {
  let sessionId: string | null = null;
  let end: CliEnd | null = null;
  /** Text that came piece by piece is not taken again from the whole message that follows. */
  let hasStreamed = false;

  function readStreamEvent(event: JsonObject): readonly AdapterEvent[] {
    switch (event.type) {
      case 'message_start':
        hasStreamed = false;
        return [];
      case 'content_block_start':
        if (objectAt(event, 'content_block').type === 'text') transcript.paragraph();
        return [];
      case 'content_block_delta': {
        const delta = objectAt(event, 'delta');
        if (delta.type !== 'text_delta') return [];
        hasStreamed = true;
        return transcript.say(textAt(delta, 'text') ?? '');
      }
      default:
        return [];
    }
  }

  function* readAssistant(message: JsonObject): Generator<AdapterEvent> {
    for (const block of objectsAt(message, 'content')) {
      if (block.type === 'tool_use') yield* transcript.open(textAt(block, 'id') ?? '', nameOf(block), block.input);
      // A message of its own making tells of an error, which the result repeats.
      if (block.type !== 'text' || hasStreamed || message.model === '<synthetic>') continue;
      transcript.paragraph();
      yield* transcript.say(textAt(block, 'text') ?? '');
    }
  }

  function* readToolResults(message: JsonObject): Generator<AdapterEvent> {
    for (const block of objectsAt(message, 'content')) {
      if (block.type === 'tool_result') {
        yield* transcript.close(textAt(block, 'tool_use_id') ?? '', block.is_error === true);
      }
    }
  }

  function readResult(line: JsonObject): CliEnd {
    const errors = Array.isArray(line.errors) ? line.errors.filter((one) => typeof one === 'string') : [];
    const said = textAt(line, 'result') ?? errors.join(' ');
    if (errors.some((error) => NO_SESSION.test(error))) return { kind: 'no_session' };
    if (line.is_error === true || line.subtype !== 'success') {
      const status = typeof line.api_error_status === 'number' ? line.api_error_status : null;
      const message = said || String(line.subtype);
      return {
        kind: 'failed',
        error: explainModelError('Claude Code', 'ANTHROPIC_API_KEY', status, message, variables),
      };
    }
    const usage = objectAt(line, 'usage');
    return {
      kind: 'done',
      text: said,
      usage: { input_tokens: count(usage, 'input_tokens'), output_tokens: count(usage, 'output_tokens') },
    };
  }

  return {
    sessionId: () => sessionId,
    end: () => end,
    *read(line) {
      switch (line.type) {
        case 'system':
          if (line.subtype === 'init') sessionId = textAt(line, 'session_id');
          return;
        case 'stream_event':
          if (isOfLead(line)) yield* readStreamEvent(objectAt(line, 'event'));
          return;
        case 'assistant':
          if (isOfLead(line)) yield* readAssistant(objectAt(line, 'message'));
          return;
        case 'user':
          if (isOfLead(line)) yield* readToolResults(objectAt(line, 'message'));
          return;
        case 'result':
          end = readResult(line);
          return;
        default:
          return;
      }
    },
  };
}

function isOfLead(line: JsonObject): boolean {
  return line.parent_tool_use_id === null || line.parent_tool_use_id === undefined;
}

/** `mcp__molecule__delegate_task` is our `delegate_task`. */
function nameOf(block: JsonObject): string {
  return (textAt(block, 'name') ?? 'tool').replace(/^mcp__molecule__/, '');
}

function count(usage: JsonObject, name: string): number {
  const value = usage[name];
  return typeof value === 'number' ? value : 0;
}
