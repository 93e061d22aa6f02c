import { readdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fakeCli, waitFor } from '@molecule/testkit';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Adapter, AdapterEvent } from '../adapter.js';
import { createContext, createTurn, describeAdapter } from '../adapter.suite.js';
import { answerOf, type CliWorld, createCliWorld, processesOf } from '../cli/cli-world.suite.js';
import { createClaudeCodeAdapter } from './claude-code.adapter.js';

const KEY = 'sk-ant-0123456789abcdef';
let world: CliWorld;

beforeEach(async () => {
  world = await createCliWorld(fakeCli('claude'), { ANTHROPIC_API_KEY: KEY });
});
afterEach(() => world.cleanup());

const create = (changes: Partial<Parameters<typeof createClaudeCodeAdapter>[0]> = {}): Adapter =>
  createClaudeCodeAdapter({ ...world.deps, config: { model: null }, ...changes });

describeAdapter('claude-code', {
  create: () => create(),
  endlessMessage: { messageId: 'endless', text: 'hang' },
});

describe('a turn of claude-code', () => {
  it('streams text and shows the tools it uses', async () => {
    const events = await world.run(create(), 'tool');
    expect(events).toEqual([
      { type: 'text_delta', text: 'Looking.' },
      { type: 'tool', id: 'call_1', name: 'Bash', phase: 'started', detail: '{"command":"ls"}' },
      { type: 'tool', id: 'call_1', name: 'Bash', phase: 'finished', detail: '{"command":"ls"}' },
      { type: 'text_delta', text: '\n\nThere is ' },
      { type: 'text_delta', text: 'a file.' },
      { type: 'done', text: 'Looking.\n\nThere is a file.', usage: { input_tokens: 12, output_tokens: 3 } },
    ]);
  });

  it('passes over lines that are none of its protocol', async () => {
    expect(answerOf(await world.run(create(), 'garbage'))).toBe('All the same.');
  });

  it('runs with the model, the prompt, the tools and the message of the agent, and never with its token', async () => {
    const adapter = create({ config: { model: 'anthropic:claude-sonnet-5' } });
    const seen = JSON.parse(answerOf(await world.run(adapter, 'surroundings', { messageId: 'm7' })));
    expect(adapter.model).toBe('claude-sonnet-5');
    expect(seen.args.join(' ')).toContain('--model claude-sonnet-5');
    expect(seen.prompt).toBe('You lead a team.');
    expect(JSON.parse(seen.args[seen.args.indexOf('--mcp-config') + 1])).toEqual({
      mcpServers: {
        molecule: {
          type: 'stdio',
          command: process.execPath,
          args: world.deps.toolServer.slice(1),
          alwaysLoad: true,
        },
      },
    });
    expect(seen.env).toMatchObject({
      MOLECULE_MESSAGE_ID: 'm7',
      DISABLE_AUTOUPDATER: '1',
      CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC: '1',
      IS_SANDBOX: '1',
    });
    expect(seen.args.join(' ')).not.toContain(KEY);
  });

  it('finds the prompt of a turn gone that was killed before it could remove it, and nothing else', async () => {
    const left = `system-prompt-${world.deps.random.uuid()}.md`;
    for (const name of [left, 'system-prompt-of-mine.md']) await writeFile(join(world.env.runDir, name), 'x');
    create();
    const kept = await readdir(world.env.runDir);
    expect([kept.includes(left), kept.includes('system-prompt-of-mine.md')]).toEqual([false, true]);
  });

  it('without any key says which one to save, and starts nothing', async () => {
    const { ANTHROPIC_API_KEY: _key, ...variables } = world.env.variables;
    const adapter = create({ env: { ...world.env, program: '/nonexistent/claude', variables } });
    await expect(world.run(adapter, 'hello')).rejects.toMatchObject({
      code: 'model_misconfigured',
      message: expect.stringContaining('Save ANTHROPIC_API_KEY'),
    });
  });
});

describe('a conversation with claude-code', () => {
  it('goes on from message to message and over a restart of the agent', async () => {
    const first = create();
    expect(answerOf(await world.run(first, 'red'))).toBe('Message 1: red');
    expect(answerOf(await world.run(first, 'green'))).toBe('Message 2: green');
    expect(answerOf(await world.run(create(), 'blue'))).toBe('Message 3: blue');
    expect(answerOf(await world.run(create(), 'red', { contextId: 'other' }))).toBe('Message 1: red');
  });

  it('whose session is gone begins anew with what was said before', async () => {
    await world.run(create(), 'red');
    await rm(join(world.env.home, '.fake-claude'), { recursive: true });
    const history = [
      { role: 'user' as const, text: 'red' },
      { role: 'agent' as const, text: 'Message 1: red' },
    ];
    const answer = answerOf(await world.run(create(), 'green', { history }));
    expect(answer).toMatch(/^Message 1: \[Earlier in this conversation\]\nUser: red\nYou: Message 1: red\n/);
    expect(answer).toMatch(/green$/);
    expect(answerOf(await world.run(create(), 'blue', { history }))).toBe('Message 2: blue');
  });

  it('takes its messages one after the other, and those of two conversations side by side', async () => {
    const adapter = create();
    const [slow, next, other] = [
      world.run(adapter, 'toil 300', { messageId: 'a' }),
      world.run(adapter, 'red', { messageId: 'b' }),
      world.run(adapter, 'red', { messageId: 'c', contextId: 'other' }),
    ];
    expect(answerOf(await other)).toBe('Message 1: red');
    expect(answerOf(await slow)).toBe('Done.');
    expect(answerOf(await next)).toBe('Message 2: red');
  });
});

describe('claude-code that fails', () => {
  it('in the middle tells its last words, without the key', async () => {
    const failure = world.run(create(), 'crash');
    await expect(failure).rejects.toMatchObject({
      name: 'AdapterError',
      code: 'internal',
      message: expect.stringMatching(
        /ended with code 3 before it had answered.*It last said: panic: out of ideas, key \[/,
      ),
    });
    await expect(failure).rejects.not.toMatchObject({ message: expect.stringContaining(KEY) });
  });

  it.each([
    [401, 'model_misconfigured', false, /key in ANTHROPIC_API_KEY was refused/],
    [404, 'model_misconfigured', false, /model of this agent was not found/],
    [529, 'model_unavailable', true, /could not reach its model.*Try again/],
    [400, 'model_refused', false, /refused the request/],
  ])('because its model answered %i says what to do', async (status, code, retryable, message) => {
    const failure = world.run(create(), `refused ${status}`);
    await expect(failure).rejects.toMatchObject({ code, retryable, message: expect.stringMatching(message) });
  });

  it('by silence is stopped, with all it had started', async () => {
    const adapter = create({ silenceMs: 300 });
    await expect(world.run(adapter, 'hang', { messageId: 'silent' })).rejects.toThrow(/no sign of life for too long/);
    await waitFor(() => processesOf('silent') === 0);
  });

  it('by silence while a tool works is left alone', async () => {
    expect(answerOf(await world.run(create({ silenceMs: 1_000 }), 'toil 1400'))).toBe('Done.');
  });

  it('because its program has gone says how it comes back', async () => {
    const adapter = create({ env: { ...world.env, program: join(world.dir, 'gone') } });
    await expect(world.run(adapter, 'hello')).rejects.toThrow(/could not be started.*Restart the agent/);
  });

  it.each(['hang', 'hang stubbornly', 'shelter'])(
    'to end when it is asked to (%s) is killed with all it had started',
    async (text) => {
      const controller = new AbortController();
      const events: AdapterEvent[] = [];
      const run = (async () => {
        const turn = createTurn({ text, messageId: 'cancelled' });
        for await (const event of create().run(turn, createContext([], undefined, controller.signal)))
          events.push(event);
      })();
      await waitFor(() => events.length > 0);
      expect(processesOf('cancelled')).toBeGreaterThan(0);
      controller.abort(new Error('cancelled by its sender'));
      await expect(run).rejects.toThrow('cancelled by its sender');
      await waitFor(() => processesOf('cancelled') === 0);
    },
  );
});
