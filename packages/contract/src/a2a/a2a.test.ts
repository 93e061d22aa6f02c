import { describe, expect, it } from 'vitest';
import { hear, silentReply, textSoFar } from './stream.js';
import { failureOfReply, textOfReply, textOfRequest } from './text.js';

describe('textOfReply', () => {
  it.each([
    ['a plain string', { result: 'hi' }, 'hi'],
    [
      'parts of a message',
      {
        result: {
          parts: [
            { kind: 'text', text: 'a' },
            { type: 'text', text: 'b' },
          ],
        },
      },
      'a\nb',
    ],
    ['wrapped parts', { result: { parts: [{ root: { kind: 'text', text: 'deep' } }] } }, 'deep'],
    [
      'artifacts of a task',
      { result: { artifacts: [{ parts: [{ text: 'x' }] }, { parts: [{ text: 'y' }] }] } },
      'x\n\ny',
    ],
    [
      'the closing status',
      { result: { status: { state: 'completed', message: { parts: [{ text: 'done' }] } } } },
      'done',
    ],
    ['a 1.0 task', { result: { task: { artifacts: [{ parts: [{ text: 'one' }] }] } } }, 'one'],
    ['a bare task', { task: 'legacy' }, 'legacy'],
    ['nothing', null, ''],
  ])('M-34: finds %s', (_, body, text) => {
    expect(textOfReply(body)).toBe(text);
  });
});

it('reads what a person wrote from all text parts', () => {
  const body = {
    params: { message: { parts: [{ kind: 'text', text: 'a' }, { kind: 'file' }, { kind: 'text', text: 'b' }] } },
  };
  expect(textOfRequest(body)).toBe('a\nb');
});

it('a task that failed is a failure even inside a successful reply', () => {
  expect(failureOfReply({ result: { status: { state: 'failed', message: { parts: [{ text: 'no key' }] } } } })).toBe(
    'no key',
  );
  expect(failureOfReply({ error: { code: -32603, message: 'boom' } })).toBe('boom');
  expect(failureOfReply({ result: { status: { state: 'completed' } } })).toBeNull();
});

describe('hear', () => {
  const status = (state: string, text?: string) => ({
    result: {
      kind: 'status-update',
      status: { state, ...(text ? { message: { parts: [{ kind: 'text', text }] } } : {}) },
    },
  });

  it('keeps what the agent is doing apart from what it answers', () => {
    const reply = hear(silentReply, status('working', 'Asking Researcher'));
    expect([reply.note, textSoFar(reply), reply.outcome]).toEqual(['Asking Researcher', '', 'open']);
  });

  it('says which tool is at work, and stops saying so when it is done', () => {
    const tool = (phase: string, name = 'web_search') => ({
      result: {
        kind: 'status-update',
        status: { state: 'working' },
        metadata: { tool: { id: '1', name, phase, detail: '' } },
      },
    });
    const working = hear(silentReply, tool('started'));
    expect([working.note, hear(working, tool('finished')).note]).toEqual(['Using web_search', null]);
    expect(hear(silentReply, tool('started', 'delegate_task')).note).toBe('Waiting for its team');
  });

  it('replaces an artifact that is sent again as a whole', () => {
    const whole = (text: string) => ({
      result: { kind: 'artifact-update', artifact: { artifactId: 'a', parts: [{ kind: 'text', text }] } },
    });
    expect(textSoFar(hear(hear(silentReply, whole('dra')), whole('draft')))).toBe('draft');
  });

  it('ends with the reason of a failure', () => {
    const reply = hear(silentReply, status('failed', 'model refused'));
    expect([reply.outcome, reply.failure]).toEqual(['failed', 'model refused']);
  });

  it.each([null, 'text', {}, { result: { kind: 'surprise' } }])('ignores %j', (frame) => {
    expect(hear(silentReply, frame)).toEqual(silentReply);
  });
});
