import { ApiError, UnreachableError } from '@molecule/contract/client';
import { expect, it } from 'vitest';
import { problemOf } from './problem.js';

const refusal = (status: number, code: string, retryAfter: number | null = null) =>
  problemOf(new ApiError(status, { error: 'agent is busy', code, retry: status >= 429, help: 'Do this.' }, retryAfter));

it('every refusal says what to do, in the words of the server', () => {
  expect(refusal(503, 'agent_busy', 30)).toEqual({
    title: 'The agent is busy',
    advice: 'Do this.',
    code: 'agent_busy',
    retryable: true,
    retryAfterSeconds: 30,
  });
});

it('a used-up budget is named as such and is not worth a retry', () => {
  expect(refusal(402, 'budget_exceeded')).toMatchObject({
    title: 'The budget of this agent is used up',
    retryable: false,
  });
});

it('a proxy that answers HTML still yields a readable problem', () => {
  expect(problemOf(new ApiError(502, '<html>', null))).toMatchObject({
    title: 'The server answered 502',
    retryable: true,
  });
});

it('an unreachable server is told apart from a slow one', () => {
  expect(problemOf(new UnreachableError('', false, null)).title).toMatch(/cannot be reached/);
  expect(problemOf(new UnreachableError('', true, null)).title).toMatch(/in time/);
});
