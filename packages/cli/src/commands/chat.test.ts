import { countAbortFollowers, waitFor } from '@molecule/testkit';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { anActivity, aWorkspace, type Cli, createCli, molecule } from '../../test/cli.js';
import { type FakeAnswer, type FakeCall, refusal, sse } from '../../test/fake-server.js';

const lead = aWorkspace({ name: 'Lead' });
let cli: Cli;

beforeEach(async () => {
  cli = await createCli('/nonexistent');
  cli.server.on('listWorkspaces', { status: 200, body: [lead] });
});
afterEach(() => cli.close());

const delta = (text: string, append = true): unknown => ({
  result: { kind: 'artifact-update', append, artifact: { artifactId: 'a', parts: [{ kind: 'text', text }] } },
});
const completed = { result: { kind: 'status-update', final: true, status: { state: 'completed' } } };
const reply = (text: string): unknown => ({ result: { kind: 'message', role: 'agent', parts: [{ text }] } });

function messageIdOf(call: FakeCall | undefined): string {
  const body = call?.body as { params: { message: { messageId: string } } } | undefined;
  return body?.params.message.messageId ?? '';
}

function sent(): FakeCall | undefined {
  return cli.server.calls.find(({ route }) => route === 'sendMessage');
}

it('sends one A2A message/stream with the text as given', async () => {
  cli.server.on('sendMessage', sse(reply('done')));
  await cli.molecule('chat', 'lead', 'Say "hi"\nplease');
  expect(sent()).toMatchObject({
    params: { id: lead.id },
    body: {
      jsonrpc: '2.0',
      method: 'message/stream',
      params: { message: { role: 'user', parts: [{ kind: 'text', text: 'Say "hi"\nplease' }] } },
    },
  });
});

it('leaves nothing behind on the signal of the person', async () => {
  const { signal } = new AbortController();
  cli.server.on('sendMessage', sse(reply('done')));
  await molecule(cli.environment, ['chat', 'lead', 'hello'], { signal });
  expect(countAbortFollowers(signal)).toBe(0);
});

it('prints an answer while it is being written', async () => {
  let finish: (() => void) | null = null;
  cli.server.on('sendMessage', {
    status: 200,
    headers: { 'content-type': 'text/event-stream' },
    write: (response) => {
      // Split inside a character and inside a frame: chunks may end anywhere.
      const first = Buffer.from(`: keep-alive\n\ndata: ${JSON.stringify(delta('Grüße '))}\r\n\r\n`);
      response.write(first.subarray(0, 120));
      response.write(first.subarray(120));
      finish = () => {
        response.write(`data: ${JSON.stringify(delta('aus Köln'))}\n\ndata: not json\n\n`);
        response.end(`data: ${JSON.stringify(completed)}\n\n`);
      };
    },
  });
  let out = '';
  const seen = molecule(cli.environment, ['chat', 'Lead', 'hello'], {
    onOut: (text) => {
      out += text;
    },
  });
  await waitFor(() => out === 'Grüße ');
  await waitFor(() => finish !== null);
  (finish as unknown as () => void)();
  expect(await seen).toEqual({ exit: 0, out: 'Grüße aus Köln\n', error: '' });
});

it('prints the whole answer once when the agent replaced what it had said', async () => {
  cli.server.on('sendMessage', sse(delta('draft', false), delta('The answer', false), completed));
  expect((await cli.molecule('chat', 'Lead', 'hello')).out).toBe('draft\nThe answer\n');
});

it('prints the answer as one object with --json, and nothing before it', async () => {
  cli.server.on('sendMessage', sse(delta('a'), delta('b'), completed));
  const seen = await cli.molecule('chat', 'Lead', 'hello', '--json');
  expect(JSON.parse(seen.out)).toEqual({ workspace_id: lead.id, message_id: messageIdOf(sent()), text: 'ab' });
  expect(seen.error).toBe('');
});

it('says how to get real answers when the agent is a demonstration, beside the answer', async () => {
  cli.server.on('listWorkspaces', { status: 200, body: [aWorkspace({ name: 'Lead', runtime: 'llm', demo: true })] });
  cli.server.on('sendMessage', sse(reply('Lead received: hello')));
  const seen = await cli.molecule('chat', 'Lead', 'hello');
  expect(seen).toMatchObject({ exit: 0, out: 'Lead received: hello\n' });
  expect(seen.error).toContain('add a model key in the canvas, under Settings');
  // A key is there: what stands in the way is what the agent itself tells.
  const demo_reason = 'The model "gibberish" names no provider this agent knows.';
  const told = aWorkspace({ name: 'Lead', runtime: 'llm', demo: true, agent_card: { demo_reason } });
  cli.server.on('listWorkspaces', { status: 200, body: [told] });
  expect((await cli.molecule('chat', 'Lead', 'hello')).error).toContain(`(A demonstration. ${demo_reason})`);
});

it('takes an answer that is not streamed', async () => {
  cli.server.on('sendMessage', { status: 200, body: reply('plain') });
  expect(await cli.molecule('chat', 'Lead', 'hello')).toEqual({ exit: 0, out: 'plain\n', error: '' });
});

it('is refused with the reason when the agent fails, whatever was printed before', async () => {
  const failed = {
    result: {
      kind: 'status-update',
      final: true,
      status: { state: 'failed', message: { parts: [{ text: 'no key' }] } },
    },
  };
  cli.server.on('sendMessage', sse(delta('I will'), failed));
  const seen = await cli.molecule('chat', 'Lead', 'hello');
  expect(seen).toMatchObject({ exit: 1, out: 'I will\n' });
  expect(seen.error).toContain('Lead could not answer: no key');
  cli.server.on('sendMessage', { status: 200, body: { error: { code: -32000, message: 'boom' } } });
  const json = await cli.molecule('chat', 'Lead', 'hello', '--json');
  expect(JSON.parse(json.error)).toMatchObject({ code: 'refused', workspace_id: lead.id });
});

it('prints the refusal of the server, with its advice', async () => {
  cli.server.on('sendMessage', refusal('workspace_paused'));
  const seen = await cli.molecule('chat', 'Lead', 'hello');
  expect(seen).toMatchObject({ exit: 1, out: '', error: 'workspace is paused\nResume the workspace first.\n' });
});

/** The log of the workspace at each look: first as accepted, then what the test says. */
function answerLater(...looks: readonly (() => FakeAnswer)[]): void {
  let next = 0;
  cli.server.on('listActivity', () => {
    const look = looks[Math.min(next, looks.length - 1)];
    next += 1;
    return look ? look() : refusal('internal');
  });
}

function row(fields: Parameters<typeof anActivity>[0]): FakeAnswer {
  const other = anActivity({ message_id: 'another', duration_ms: 5, response_body: reply('not this one') });
  return { status: 200, body: [other, anActivity({ message_id: messageIdOf(sent()), ...fields })] };
}

const queued: FakeAnswer = { status: 202, body: { queued: true, message_id: 'x' } };

it('waits for the recorded answer of a queued message, by its own id', async () => {
  cli.server.on('sendMessage', queued);
  answerLater(
    () => row({}),
    () => row({ duration_ms: 5, response_body: reply('later') }),
  );
  const seen = await cli.molecule('chat', 'Lead', 'hello');
  expect(seen).toMatchObject({ exit: 0, out: 'later\n' });
  expect(seen.error).toContain('is recorded');
});

it('waits through a restart of the server', async () => {
  cli.server.on('sendMessage', queued);
  answerLater(
    () => refusal('shutting_down'),
    () => refusal('platform_unavailable'),
    () => row({ duration_ms: 5, response_body: reply('after all') }),
  );
  expect(await cli.molecule('chat', 'Lead', 'hello')).toMatchObject({ exit: 0, out: 'after all\n' });
});

it('takes up the recorded answer when the stream breaks off', async () => {
  cli.server.on('sendMessage', {
    status: 200,
    headers: { 'content-type': 'text/event-stream' },
    write: (response) => {
      response.write(`data: ${JSON.stringify(delta('half an ans'))}\n\n`, () => response.destroy());
    },
  });
  answerLater(() => row({ duration_ms: 5, response_body: reply('half an answer, and the rest') }));
  const seen = await cli.molecule('chat', 'Lead', 'hello');
  expect(seen).toMatchObject({ exit: 0, out: 'half an ans\nhalf an answer, and the rest\n' });
});

it('reports a queued message that failed', async () => {
  cli.server.on('sendMessage', queued);
  answerLater(() => row({ status: 'error', error_detail: 'crash_loop' }));
  const seen = await cli.molecule('chat', 'Lead', 'hello');
  expect(seen.exit).toBe(1);
  expect(seen.error).toContain('could not answer: crash_loop');
});

it('stops waiting at --timeout with 4, and says that the message stays', async () => {
  cli.server.on('sendMessage', queued);
  answerLater(() => row({}));
  const seen = await cli.molecule('chat', 'Lead', 'hello', '--timeout', '1');
  expect(seen).toMatchObject({ exit: 4, out: '' });
  expect(seen.error).toContain('stays recorded');
});

it('stops at --timeout also when the agent says nothing at all', async () => {
  cli.server.on('sendMessage', () => new Promise(() => {}));
  expect((await cli.molecule('chat', 'Lead', 'hello', '--timeout', '1')).exit).toBe(4);
});
