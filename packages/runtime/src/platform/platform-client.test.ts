import { ApiError, UnreachableError } from '@molecule/contract/client';
import { expect, it } from 'vitest';
import { toFailure } from './platform-client.js';
import { delegationKey } from './platform-tools.js';

const refusal = (status: number, code = 'some_code', retryAfterSeconds: number | null = null) =>
  new ApiError(status, { error: 'because', code, retry: false }, retryAfterSeconds);

it.each([
  ['401 is the end of the token', refusal(401), { kind: 'unauthorized', reason: 'because' }],
  ['503 is never the end of the token', refusal(503), { kind: 'unavailable', rateLimited: false }],
  [
    '429 is waited out as long as it says',
    refusal(429, 'rate_limited', 7),
    { kind: 'unavailable', rateLimited: true, retryAfterMs: 7_000 },
  ],
  ['a wait is bounded', refusal(503, 'x', 86_400), { retryAfterMs: 300_000 }],
  ['a loop breaker does not open by waiting', refusal(429, 'loop_refused'), { kind: 'refused', status: 429 }],
  ['a 404 is no', refusal(404), { kind: 'refused', status: 404, reason: 'because' }],
  ['a redirect or an undeclared 2xx is not the platform', refusal(302), { kind: 'unavailable' }],
  [
    'no answer is not an answer',
    new UnreachableError('cannot reach it', false, new Error('ECONNREFUSED')),
    { kind: 'unavailable', reason: expect.stringContaining('ECONNREFUSED') },
  ],
])('%s', (_, error, failure) => {
  expect(toFailure(error)).toMatchObject(failure);
});

it('an abort by the caller and a bug are passed on', () => {
  const abort = new Error('aborted');
  expect(() => toFailure(abort)).toThrow(abort);
});

it('the key of a delegation depends on message, target and ordinal, and fits the platform’s limit', () => {
  const keys = [
    delegationKey('m', 't', 0),
    delegationKey('m', 't', 1),
    delegationKey('m', 'u', 0),
    delegationKey('n', 't', 0),
  ];
  expect(new Set(keys).size).toBe(4);
  expect(delegationKey('m', 't', 0)).toBe(keys[0]);
  expect(delegationKey('m'.repeat(10_000), 't', 0).length).toBeLessThanOrEqual(256);
});
