import { waitFor } from '@molecule/testkit';
import { describe, expect, it } from 'vitest';
import { systemClock } from '../clock.js';
import { type CommandSpec, runCommand } from './run-command.js';

const never = new AbortController().signal;
const shell = (script: string, more: Partial<CommandSpec> = {}): CommandSpec => ({
  program: 'sh',
  args: ['-c', script],
  env: { PATH: process.env.PATH, GREETING: 'hi' },
  promptAs: 'input',
  timeoutMs: null,
  ...more,
});
const run = (spec: CommandSpec, prompt = 'hello', signal = never) => runCommand(spec, prompt, systemClock, signal);
const isAlive = (pid: number): boolean => {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
};

describe('a command that answers a message', () => {
  it('gets it as its input, or as its last argument', async () => {
    expect(await run(shell('cat'))).toEqual({ text: 'hello' });
    expect(await run(shell('echo "$0"', { promptAs: 'argument' }), 'a b; c')).toEqual({ text: 'a b; c' });
  });

  it('never reads one that begins with a dash as an option: it is input, or stands behind a -- of the command', async () => {
    expect(await run(shell('echo "[$*]"; cat', { promptAs: 'argument' }), '-x')).toEqual({ text: '[]\n-x' });
    const closed = shell('', { promptAs: 'argument', args: ['-c', 'echo "[$*]"', 'me', '--'] });
    expect(await run(closed, '-x')).toEqual({ text: '[-- -x]' });
  });

  it('has the environment it is given and no other', async () => {
    expect(await run(shell('env | grep -c "^HOME=\\|^GREETING=hi"'))).toEqual({ text: '1' });
  });

  it('fails by its exit code or its signal, with its last words', async () => {
    expect(await run(shell('seq 20 >&2; exit 7'))).toEqual({
      failure: `exit 7\n${Array.from({ length: 10 }, (_, n) => n + 11).join('\n')}`,
    });
    expect(await run(shell('kill -9 $$'))).toEqual({ failure: 'ended by SIGKILL' });
  });

  it('may leave its input unread', async () => {
    expect(await run(shell('echo done'), 'x'.repeat(1_000_000))).toEqual({ text: 'done' });
  });

  it('is answered when it ends, whatever it has left running with its outputs open', async () => {
    const answer = await run(shell('sleep 60 & echo "$!"'));
    const left = Number('text' in answer ? answer.text : 0);
    expect(left).toBeGreaterThan(0);
    process.kill(left);
  });

  it('is cut where it says more than the platform takes', async () => {
    const answer = await run(shell('yes 界 | head -c 900000'));
    expect(answer).toEqual({ text: expect.stringMatching(/… \(the rest was too long\)$/) });
    expect('text' in answer && Buffer.byteLength(answer.text)).toBeLessThan(205 * 1024);
    expect(JSON.stringify(answer)).not.toContain('\uFFFD');
  });

  it.each([
    ['is not there', { program: '/no/such/program', args: [] }, 'x', /cannot be run: there is no such program/],
    ['cannot be executed', { program: '/etc/passwd', args: [] }, 'x', /cannot be run/],
    ['is given too long an argument', { promptAs: 'argument' as const }, 'x'.repeat(300_000), /cannot be run/],
    ['is given what no argument may hold', { promptAs: 'argument' as const }, 'a\0b', /cannot be run/],
  ])('one that %s fails with the reason', async (_, more, prompt, reason) => {
    expect(await run(shell('cat', more), prompt)).toEqual({ failure: expect.stringMatching(reason) });
  });

  it('ends with all that it has started, when its time is up and when nobody wants it any more', async () => {
    const script = 'sleep 60 & echo "$!" >&2; wait';
    const timed = await run(shell(script, { timeoutMs: 200 }));
    expect(timed).toEqual({ failure: expect.stringMatching(/^it took longer than 0.2 s\n\d+$/) });
    const given = new AbortController();
    const running = run(shell(script), 'x', given.signal);
    given.abort();
    const stopped = await running;
    expect(stopped).toEqual({ failure: expect.stringMatching(/^it was stopped by whoever runs it/) });
    for (const answer of [timed, stopped]) {
      const pid = Number('failure' in answer ? answer.failure.split('\n')[1] : 0);
      if (pid > 0) await waitFor(() => !isAlive(pid));
    }
  });
});
