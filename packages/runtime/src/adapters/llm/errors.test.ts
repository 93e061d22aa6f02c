import { APICallError, RetryError } from 'ai';
import { expect, it } from 'vitest';
import { redact, toAdapterError } from './errors.js';
import type { ModelChoice } from './model-choice.js';

const KEY = 'sk-test-0123456789abcdef';
const CHOICE: ModelChoice = {
  provider: 'anthropic',
  modelId: 'claude-x',
  keyVariable: 'ANTHROPIC_API_KEY',
  apiKey: KEY,
  baseUrl: null,
  source: 'key',
};
const LOCAL: ModelChoice = {
  ...CHOICE,
  provider: 'openai-compatible',
  keyVariable: 'OPENAI_API_KEY',
  apiKey: null,
  baseUrl: 'http://127.0.0.1:9/v1?token=t',
};

function refused(statusCode: number, error: object = {}, headers: Record<string, string> = {}): APICallError {
  const data = { type: 'error', error: { type: 'some_error', message: 'm', ...error } };
  return new APICallError({
    message: data.error.message,
    url: 'https://api.anthropic.com/v1/messages',
    requestBodyValues: {},
    statusCode,
    responseHeaders: headers,
    data,
  });
}

function unreachable(code: string): APICallError {
  const cause = Object.assign(new Error(`connect ${code}`), { code });
  return new APICallError({
    message: 'Cannot connect to API',
    url: 'x',
    requestBodyValues: {},
    cause,
    isRetryable: true,
  });
}

type Row = [title: string, error: unknown, code: string, retryable: boolean, says: string];

it.each<Row>([
  ['401', refused(401), 'model_misconfigured', false, 'The key in ANTHROPIC_API_KEY was refused by Anthropic'],
  ['403', refused(403), 'model_misconfigured', false, 'for the model claude-x'],
  ['402', refused(402), 'model_misconfigured', false, 'no credit left'],
  ['no quota', refused(429, { code: 'insufficient_quota' }), 'model_misconfigured', false, 'no credit left'],
  [
    'low credit',
    refused(400, { message: 'Your credit balance is too low' }),
    'model_misconfigured',
    false,
    'no credit',
  ],
  ['404', refused(404), 'model_misconfigured', false, 'The model "claude-x" was not found at Anthropic'],
  ['model code', refused(400, { code: 'model_not_found' }), 'model_misconfigured', false, 'Pick another model'],
  ['429', refused(429), 'model_unavailable', true, 'Try again in a minute'],
  ['429 with a time', refused(429, {}, { 'retry-after': '17' }), 'model_unavailable', true, 'in 17 s'],
  ['529', refused(529), 'model_unavailable', true, 'Anthropic is overloaded'],
  ['500', refused(500), 'model_unavailable', true, 'failed to answer'],
  ['413', refused(413), 'model_refused', false, 'longer than the model claude-x can read'],
  [
    'context',
    refused(400, { message: 'prompt is too long: 3 tokens > 2' }),
    'model_refused',
    false,
    'Start a new chat',
  ],
  ['context code', refused(400, { code: 'context_length_exceeded' }), 'model_refused', false, 'Start a new chat'],
  ['other 400', refused(400, { message: 'odd field' }), 'model_refused', false, 'refused the request: odd field'],
  ['no connection', unreachable('ECONNREFUSED'), 'model_unavailable', true, 'api.anthropic.com (ECONNREFUSED)'],
  ['unknown host', unreachable('ENOTFOUND'), 'model_unavailable', true, '(ENOTFOUND)'],
  ['cut body', refused(200), 'model_unavailable', true, 'broke while the answer was being written'],
  ['terminated', new TypeError('terminated'), 'model_unavailable', true, 'Send the message again'],
  ['event in a stream', { type: 'overloaded_error', message: 'm' }, 'model_unavailable', true, 'overloaded'],
  ['text in a stream', 'strange', 'internal', false, 'strange'],
  ['a bug', new RangeError('oops'), 'internal', false, 'oops'],
])('turns %s into a sentence', (_title, error, code, retryable, says) => {
  const result = toAdapterError(error, CHOICE);
  expect(result).toMatchObject({ code, retryable });
  expect(result.message).toContain(says);
});

it('looks into the last of several attempts', () => {
  const error = new RetryError({
    message: 'gave up',
    reason: 'maxRetriesExceeded',
    errors: [refused(500), refused(401)],
  });
  expect(toAdapterError(error, CHOICE).code).toBe('model_misconfigured');
});

it('says that a keyless server wants a key', () => {
  expect(toAdapterError(refused(401), LOCAL).message).toContain('OPENAI_API_KEY is not set');
});

it('names only the origin of an address', () => {
  const { message } = toAdapterError(refused(404), LOCAL);
  expect(message).toContain('check the address http://127.0.0.1:9, which often ends in /v1');
  expect(message).not.toContain('token');
});

it('keeps the key out of message and cause', () => {
  const result = toAdapterError(refused(500, { message: `Incorrect key ${KEY} or sk-ab***xyz` }), CHOICE);
  expect(`${result.message} ${String(result.cause)} ${JSON.stringify(result)}`).not.toMatch(/sk-/);
});

it('redacts a key of any form by its value', () => {
  expect(redact('token abc.def refused', { apiKey: 'abc.def' })).toBe('token [key] refused');
});
