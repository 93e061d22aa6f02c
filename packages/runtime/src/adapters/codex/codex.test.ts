import { mkdir, readdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fakeCli, waitFor } from '@molecule/testkit';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Adapter, AdapterEvent } from '../adapter.js';
import { createContext, createTurn, describeAdapter } from '../adapter.suite.js';
import { answerOf, type CliWorld, createCliWorld, processesOf } from '../cli/cli-world.suite.js';
import { createCodexAdapter } from './codex.adapter.js';
import { toToml } from './toml.js';

const KEY = 'sk-0123456789abcdef';
let world: CliWorld;

beforeEach(async () => {
  world = await createCliWorld(fakeCli('codex'), { OPENAI_API_KEY: KEY });
});
afterEach(() => world.cleanup());

const create = (changes: Partial<Parameters<typeof createCodexAdapter>[0]> = {}): Adapter =>
  createCodexAdapter({ ...world.deps, config: { model: null }, ...changes });

describeAdapter('codex', { create: () => create(), endlessMessage: { messageId: 'endless', text: 'hang' } });

describe('a turn of codex', () => {
  it('tells its text piece by piece and shows the tools it uses', async () => {
    expect(await world.run(create(), 'tool')).toEqual([
      { type: 'text_delta', text: 'Looking.' },
      { type: 'tool', id: 'item_1', name: 'shell', phase: 'started', detail: 'ls' },
      { type: 'tool', id: 'item_1', name: 'shell', phase: 'finished', detail: 'ls' },
      { type: 'tool', id: 'item_3', name: 'edit_files', phase: 'started', detail: '[]' },
      { type: 'tool', id: 'item_3', name: 'edit_files', phase: 'failed', detail: '[]' },
      { type: 'text_delta', text: '\n\nThere is a file.' },
      { type: 'done', text: 'Looking.\n\nThere is a file.', usage: { input_tokens: 12, output_tokens: 3 } },
    ]);
  });

  it('finds the profile of a turn gone that was killed before it could remove it, and nothing else', async () => {
    const home = join(world.env.home, '.codex');
    await mkdir(home);
    const left = `turn-${world.deps.random.uuid()}.config.toml`;
    for (const name of [left, 'mine.config.toml']) await writeFile(join(home, name), '');
    create();
    expect(await readdir(home)).toEqual(['mine.config.toml']);
  });

  it('passes over lines that are none of its protocol', async () => {
    expect(answerOf(await world.run(create(), 'garbage'))).toBe('All the same.');
  });

  it('runs with the model, the prompt, the tools and the message of the agent, and leaves no profile behind', async () => {
    const adapter = create({ config: { model: 'openai:gpt-6' } });
    const seen = JSON.parse(answerOf(await world.run(adapter, 'surroundings', { messageId: 'm7' })));
    expect(adapter.model).toBe('gpt-6');
    expect(seen.profile).toContain('"model" = "gpt-6"');
    expect(seen.profile).toContain('"developer_instructions" = "You lead a team."');
    expect(seen.profile).toContain('"base_url" = "https://api.openai.com/v1"');
    expect(seen.profile).toContain(`["mcp_servers"."molecule"]\n"command" = "${process.execPath}"`);
    expect(seen.env).toMatchObject({ MOLECULE_MESSAGE_ID: 'm7', CODEX_HOME: join(world.env.home, '.codex') });
    expect(JSON.stringify([seen.args, seen.profile])).not.toContain(KEY);
    expect((await readdir(join(world.env.home, '.codex'))).filter((name) => name.endsWith('.toml'))).toEqual([]);
  });

  it.each([
    ['without any key says which one to save', { OPENAI_API_KEY: '' }, 'Save OPENAI_API_KEY'],
    [
      'with a model of another provider says that it cannot use it',
      { MODEL: 'anthropic:claude' },
      'is not one that Codex can use',
    ],
  ])('%s, and starts nothing', async (_, variables, message) => {
    const other = await createCliWorld('/nonexistent/codex', { OPENAI_API_KEY: KEY, ...variables });
    const adapter = createCodexAdapter({ ...other.deps, config: { model: null } });
    await expect(other.run(adapter, 'hello')).rejects.toMatchObject({
      code: 'model_misconfigured',
      message: expect.stringContaining(message),
    });
    await other.cleanup();
  });

  it('leaves the model to Codex where only a template names one of another provider', () => {
    expect(create({ config: { model: 'anthropic:claude-opus-4-7' } }).model).toBeNull();
  });
});

describe('a conversation with codex', () => {
  it('goes on from message to message and over a restart of the agent', async () => {
    const first = create();
    expect(answerOf(await world.run(first, 'red'))).toBe('Message 1: red');
    expect(answerOf(await world.run(first, 'green'))).toBe('Message 2: green');
    expect(answerOf(await world.run(create(), 'blue'))).toBe('Message 3: blue');
  });

  it('whose session is gone begins anew with what was said before', async () => {
    await world.run(create(), 'red');
    await rm(join(world.env.home, '.codex', 'sessions'), { recursive: true });
    const history = [{ role: 'user' as const, text: 'red' }];
    expect(answerOf(await world.run(create(), 'green', { history }))).toMatch(/^Message 1: \[Earlier .*\nUser: red\n/);
  });
});

describe('codex that fails', () => {
  it('in the middle tells its last words, without the key', async () => {
    const failure = world.run(create(), 'crash');
    await expect(failure).rejects.toThrow(/ended with code 3 before it had answered.*panic: out of ideas, key \[/s);
    await expect(failure).rejects.not.toMatchObject({ message: expect.stringContaining(KEY) });
  });

  it.each([
    [401, 'model_misconfigured', false],
    [503, 'model_unavailable', true],
  ])('because its model answered %i says what to do', async (status, code, retryable) => {
    await expect(world.run(create(), `refused ${status}`)).rejects.toMatchObject({ code, retryable });
  });

  it('to reach its network is not waited for for ever', async () => {
    await expect(world.run(create(), 'cut', { messageId: 'offline' })).rejects.toMatchObject({
      code: 'model_unavailable',
      message: expect.stringContaining('waiting for network'),
    });
    await waitFor(() => processesOf('offline') === 0);
  });

  it('to end when it is asked to is killed with all it had started', async () => {
    const controller = new AbortController();
    const events: AdapterEvent[] = [];
    const run = (async () => {
      const turn = createTurn({ text: 'hang stubbornly', messageId: 'cancelled-codex' });
      for await (const event of create().run(turn, createContext([], undefined, controller.signal))) events.push(event);
    })();
    await waitFor(() => events.length > 0);
    controller.abort(new Error('cancelled by its sender'));
    await expect(run).rejects.toThrow('cancelled by its sender');
    await waitFor(() => processesOf('cancelled-codex') === 0);
  });
});

it('a configuration holds any text as it is', () => {
  const text = 'a "quoted" \\ line\nand\ttab, \u007f and \ud800 half';
  expect(toToml({ top: text, on: true, table: { list: ['x'], deeper: { n: 1 } } })).toBe(
    '"top" = "a \\"quoted\\" \\\\ line\\nand\\ttab, \\u007F and \ufffd half"\n"on" = true\n' +
      '\n["table"]\n"list" = ["x"]\n\n["table"."deeper"]\n"n" = 1\n',
  );
});
