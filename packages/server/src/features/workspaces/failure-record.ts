import type { EventPayloads } from '@molecule/contract';
import { EVENT_PAYLOAD_BYTES_MAX } from '../../platform/event-log.js';
import { fitBeginning, fitEnd } from '../../platform/fit-text.js';
import { toStorableJson } from '../../platform/storable-json.js';
import type { Failure } from './transition.js';

const SENTENCE_BYTES_MAX = 2_000;
const NAMES_BYTES_MAX = 2_000;
const TAIL_LINES_MAX = 40;
const TAIL_KEY_BYTES = Buffer.byteLength(',"log_tail":""');

export interface FailureRecord {
  readonly payload: EventPayloads['WORKSPACE_PROVISION_FAILED'];
  /** For the row: the same sentence and, after a blank line, the same log tail. */
  readonly text: string;
}

/**
 * What a failure leaves. An agent writes and a template asks for as much as it likes, an event has 8 KiB, and one that
 * is larger takes its whole transition with it: the workspace would never be failed and start again for ever. So what
 * has no limit of its own gets one here, and the log tail, whose end matters most, the room that is left.
 */
export function recordFailure({ reason, text, logTail = [], event = {} }: Failure): FailureRecord {
  const error = fitSentence(text);
  const payload = { ...event, ...(event.missing ? { missing: fitNames(event.missing) } : {}), error, reason };
  const output = logTail.slice(-TAIL_LINES_MAX).join('\n');
  if (output.trim() === '') return { payload, text: error };
  const room = EVENT_PAYLOAD_BYTES_MAX - Buffer.byteLength(toStorableJson(payload)) - TAIL_KEY_BYTES;
  const tail = fitEnd(output, room);
  return { payload: { ...payload, log_tail: tail }, text: `${error}\n\n${tail}` };
}

/** A reason given for people, as rows and events carry it. */
export function fitSentence(text: string): string {
  return fitBeginning(text, SENTENCE_BYTES_MAX);
}

/** The first of them; the sentence beside them is about all. */
function fitNames(names: readonly string[]): string[] {
  let bytes = 0;
  return names.filter((name) => {
    bytes += Buffer.byteLength(JSON.stringify(name)) + 1;
    return bytes <= NAMES_BYTES_MAX;
  });
}
