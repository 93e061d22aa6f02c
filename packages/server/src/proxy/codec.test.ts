import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { readAnswer, textOfResult } from './answer.js';
import { normalizeEnvelope } from './envelope.js';
import { createSseParser } from './sse-parser.js';
import { createStreamFold } from './stream-fold.js';

const uuid = () => 'fresh-id';

describe('envelopes', () => {
  it.each([[null], ['text'], [1], [true], [[]]])('%j is no message', (body) => {
    expect(normalizeEnvelope(body, uuid)).toBeNull();
  });

  it('keep the id and everything unknown of a JSON-RPC request', () => {
    const body = {
      jsonrpc: '2.0',
      id: 42,
      method: 'message/send',
      extra: { a: 1 },
      params: { message: { messageId: 'm', parts: [{ type: 'text', text: 'x' }] }, configuration: { blocking: true } },
    };
    expect(normalizeEnvelope(body, uuid)).toMatchObject({ body, method: 'message/send', messageId: 'm', text: 'x' });
  });

  it('get a message id when they have none, and nothing else changes', () => {
    const body = {
      jsonrpc: '2.0',
      id: null,
      method: 'message/send',
      params: { message: { parts: [] }, metadata: { a: 1 } },
    };
    expect(normalizeEnvelope(body, uuid)).toMatchObject({
      messageId: 'fresh-id',
      body: { id: null, params: { message: { parts: [], messageId: 'fresh-id' }, metadata: { a: 1 } } },
    });
  });
});

describe('server-sent events', () => {
  it('are the same however the bytes are cut', () => {
    const data = fc.array(
      fc.string({ unit: 'grapheme' }).map((text) => text.replaceAll(/[\r\n]/g, ' ')),
      { minLength: 1 },
    );
    fc.assert(
      fc.property(data, fc.array(fc.nat(40)), fc.constantFrom('\n', '\r\n', '\r'), (payloads, cuts, eol) => {
        const text = payloads.map((payload) => `: note${eol}event: x${eol}data: ${payload}${eol}${eol}`).join('');
        const bytes = Buffer.from(text);
        const parser = createSseParser();
        const events: string[] = [];
        let at = 0;
        for (const cut of [...cuts, bytes.length]) {
          events.push(...parser.push(bytes.subarray(at, at + cut)));
          at = Math.min(bytes.length, at + cut);
        }
        // A final CR may still be half of a CRLF; one more line end decides it.
        events.push(...parser.push(Buffer.from('\n')));
        expect(events).toEqual(payloads.map((payload) => Buffer.from(payload).toString()));
      }),
    );
  });
});

describe('answers', () => {
  const answer = (body: unknown, status = 200, retryAfter: string | null = null) =>
    readAnswer({ status, retryAfter, body: typeof body === 'string' ? body : JSON.stringify(body) });
  const rpc = (result: unknown) => ({ jsonrpc: '2.0', id: 1, result });

  it.each([
    ['a message of 0.3', rpc({ kind: 'message', parts: [{ kind: 'text', text: 'hi' }] }), 'completed'],
    ['a message of 1.0', rpc({ message: { parts: [{ text: 'hi' }] } }), 'completed'],
    ['a completed task of 0.3', rpc({ status: { state: 'completed' } }), 'completed'],
    ['a completed task of 1.0', rpc({ task: { status: { state: 'TASK_STATE_COMPLETED' } } }), 'completed'],
    ['a task at work', rpc({ status: { state: 'working' } }), 'working'],
    ['a submitted task of 1.0', rpc({ task: { status: { state: 'TASK_STATE_SUBMITTED' } } }), 'working'],
    ['a task that asks', rpc({ status: { state: 'input-required' } }), 'input_required'],
    ['a rejected task', rpc({ status: { state: 'rejected' } }), 'failed'],
    ['a canceled task', rpc({ status: { state: 'TASK_STATE_CANCELED' } }), 'canceled'],
    ['a JSON-RPC error', { jsonrpc: '2.0', id: 1, error: { code: -1, message: 'no' } }, 'failed'],
    ['text', 'hello', 'foreign'],
    ['JSON of its own', { ok: true }, 'foreign'],
  ])('%s means %3$s', (_what, body, kind) => {
    expect(answer(body).kind).toBe(kind);
  });

  it('B-43: an agent’s own 202 is its result', () => {
    expect(answer(rpc({ parts: [{ kind: 'text', text: 'done' }] }), 202)).toMatchObject({
      kind: 'completed',
      text: 'done',
    });
    expect(answer({ jsonrpc: '2.0', id: 1, queued: true, result: { parts: [{ text: 'done' }] } }, 202)).toMatchObject({
      kind: 'completed',
      text: 'done',
    });
  });

  it('B-43: only a 202 that says queued, and says it as true, is taken for queued', () => {
    const queued = { queued: true, queue_id: 'q', queue_depth: 1, message: 'queued' };
    expect(answer(queued, 202)).toEqual({ kind: 'queued' });
    expect(answer({ ...queued, status: 'queued', delivery_mode: 'poll' }, 202)).toEqual({ kind: 'queued' });
    expect(answer(queued, 200).kind).toBe('foreign');
    for (const other of ['true', 1, false, null])
      expect(answer({ ...queued, queued: other }, 202).kind).toBe('foreign');
    expect(answer('queued', 202).kind).toBe('foreign');
  });

  it('knows busy by its data, whatever the status, and how long to wait', () => {
    const busy = {
      jsonrpc: '2.0',
      id: 1,
      error: { code: -32000, message: 'busy', data: { busy: true, retry_after: 7 } },
    };
    expect(answer(busy, 503)).toEqual({ kind: 'busy', retryAfterSeconds: 7 });
    expect(answer(busy, 200, '3')).toEqual({ kind: 'busy', retryAfterSeconds: 3 });
    expect(answer('slow down', 429)).toEqual({ kind: 'busy', retryAfterSeconds: null });
  });

  it('text comes from parts, else artifacts, else the status; by kind, type or neither', () => {
    expect(textOfResult({ parts: [{ type: 'text', text: 'a' }, { kind: 'data', data: {} }, { text: 'b' }] })).toBe(
      'a\nb',
    );
    expect(textOfResult({ task: { artifacts: [{ parts: [{ kind: 'text', text: 'made' }] }] } })).toBe('made');
    expect(textOfResult({ status: { state: 'failed', message: { parts: [{ kind: 'text', text: 'why' }] } } })).toBe(
      'why',
    );
    expect(textOfResult(null)).toBe('');
  });

  it('never throws, whatever an agent sends', () => {
    fc.assert(
      fc.property(fc.oneof(fc.json(), fc.string()), fc.integer({ min: 200, max: 599 }), (body, status) => {
        expect(answer(body, status).kind).toBeTypeOf('string');
      }),
    );
  });
});

describe('following a stream', () => {
  const fold = (events: unknown[]) => {
    const stream = createStreamFold();
    for (const result of events) stream.push(JSON.stringify({ jsonrpc: '2.0', id: 1, result }));
    return stream;
  };

  it('has no verdict before the stream says how the work ended', () => {
    const stream = fold([
      { kind: 'task', id: 't', status: { state: 'working' } },
      { kind: 'artifact-update', artifact: { artifactId: 'a', parts: [{ kind: 'text', text: 'half' }] } },
    ]);
    expect(stream.hasEnded()).toBe(false);
    expect(stream.verdict()).toBeNull();
  });

  it('joins appended chunks and replaces an artifact that is sent anew', () => {
    const chunk = (text: string, append: boolean) => ({
      kind: 'artifact-update',
      append,
      artifact: { artifactId: 'a', parts: [{ kind: 'text', text }] },
    });
    const events = [chunk('draft', false), chunk('Hel', false), chunk('lo', true)];
    const verdict = fold([...events, { kind: 'status-update', status: { state: 'completed' } }]).verdict();
    expect(verdict).toMatchObject({ kind: 'completed', text: 'Hello' });
  });

  it('takes a message, and an error event, for the end', () => {
    expect(fold([{ kind: 'message', parts: [{ kind: 'text', text: 'said' }] }]).verdict()).toMatchObject({
      text: 'said',
    });
    const stream = createStreamFold();
    stream.push('{"jsonrpc":"2.0","id":1,"error":{"code":-1,"message":"broke"}}');
    expect(stream.verdict()).toMatchObject({ kind: 'failed', error: 'broke' });
  });

  it('keeps the usage and tool trace that come with the last status', () => {
    const usage = { input_tokens: 3, output_tokens: 5 };
    const verdict = fold([
      { kind: 'task', id: 't', status: { state: 'working' }, metadata: { demo: true } },
      { kind: 'status-update', status: { state: 'completed' }, metadata: { usage, tool_trace: [] } },
    ]).verdict();
    expect(verdict).toMatchObject({ result: { result: { metadata: { demo: true, usage, tool_trace: [] } } } });
  });

  it('passes over what it does not understand', () => {
    const stream = createStreamFold();
    for (const data of ['', 'not json', '[]', '{"jsonrpc":"2.0"}', '{"result":{"odd":1}}']) stream.push(data);
    expect(stream.verdict()).toBeNull();
  });
});
