#!/usr/bin/env node
// Stands in for `claude -p --input-format stream-json --output-format stream-json`: the lines, the sessions and the ends are
// those of the real program. What it does is chosen by the first word of the message.
import { spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { callTool } from './mcp-call.mjs';

const args = process.argv.slice(2);
const optionOf = (flag) => (args.includes(flag) ? args[args.indexOf(flag) + 1] : null);

if (args.includes('--version')) {
  const manifest = new URL('./package.json', import.meta.url);
  console.log(`${existsSync(manifest) ? JSON.parse(readFileSync(manifest, 'utf8')).version : '0.0.0'} (Claude Code)`);
  process.exit(0);
}

const say = (line) => process.stdout.write(`${JSON.stringify(line)}\n`);
const sessions = join(process.env.HOME, '.fake-claude');
const resumed = optionOf('--resume');
const id = resumed ?? randomUUID();
const file = join(sessions, `${id}.json`);
if (resumed !== null && !existsSync(file)) {
  const error = `No conversation found with session ID: ${resumed}`;
  console.error(error);
  say({ type: 'result', subtype: 'error_during_execution', is_error: true, session_id: resumed, errors: [error] });
  process.exit(1);
}
const input = JSON.parse(readFileSync(0, 'utf8').split('\n')[0]);
const text = input.message.content;
const heard = resumed === null ? [] : JSON.parse(readFileSync(file, 'utf8'));
heard.push(text);
mkdirSync(sessions, { recursive: true });
writeFileSync(file, JSON.stringify(heard));

const lead = { session_id: id, parent_tool_use_id: null };
const event = (body) => say({ type: 'stream_event', event: body, ...lead });
let messages = 0;
function answer(...pieces) {
  messages += 1;
  event({ type: 'message_start', message: { id: `msg_${messages}`, role: 'assistant' } });
  event({ type: 'content_block_start', index: 0, content_block: { type: 'text', text: '' } });
  for (const piece of pieces) {
    event({ type: 'content_block_delta', index: 0, delta: { type: 'text_delta', text: piece } });
  }
  say({ type: 'assistant', message: { model: 'm', content: [{ type: 'text', text: pieces.join('') }] }, ...lead });
  event({ type: 'message_stop' });
}
const use = (name, given, callId) =>
  say({ type: 'assistant', message: { content: [{ type: 'tool_use', id: callId, name, input: given }] }, ...lead });
const used = (callId, content, failed = false) =>
  say({
    type: 'user',
    message: { content: [{ type: 'tool_result', tool_use_id: callId, content, is_error: failed }] },
    ...lead,
  });
const finish = (result, more = {}) =>
  say({
    type: 'result',
    subtype: 'success',
    is_error: false,
    result,
    session_id: id,
    usage: { input_tokens: 12, output_tokens: 3 },
    ...more,
  });
const stay = () => setInterval(() => {}, 1_000);

say({ type: 'system', subtype: 'init', session_id: id, tools: [], model: optionOf('--model') });
const prompt = optionOf('--append-system-prompt-file');
const [word, ...rest] = text.split('\n').at(-1).split(' ');
switch (word) {
  case 'tool':
    answer('Looking.');
    use('Bash', { command: 'ls' }, 'call_1');
    used('call_1', 'a file');
    answer('There is ', 'a file.');
    finish('There is a file.');
    break;
  case 'crash':
    answer('I was about to');
    console.error(`panic: out of ideas, key ${process.env.ANTHROPIC_API_KEY}`);
    process.exitCode = 3;
    break;
  case 'garbage':
    process.stdout.write('Warning: something\n{"half": \n[1]\n\n');
    answer('All the same.');
    finish('All the same.');
    break;
  case 'hang':
    answer('Thinking');
    if (rest[0] === 'stubbornly') process.on('SIGTERM', () => {});
    spawn(process.execPath, ['-e', 'setInterval(() => {}, 1000)'], { stdio: 'inherit' });
    stay();
    break;
  case 'shelter': {
    // It goes when asked to, what it has started does not.
    const script = 'process.on("SIGTERM", () => {}); setInterval(() => {}, 1000); process.send("ready")';
    const stubborn = spawn(process.execPath, ['-e', script], { stdio: ['ignore', 'ignore', 'ignore', 'ipc'] });
    stubborn.once('message', () => answer('Thinking'));
    stay();
    break;
  }
  case 'toil':
    use('Bash', { command: 'sleep' }, 'call_1');
    setTimeout(() => {
      used('call_1', 'done');
      answer('Done.');
      finish('Done.');
    }, Number(rest[0]));
    break;
  case 'refused':
    say({
      type: 'assistant',
      message: { model: '<synthetic>', content: [{ type: 'text', text: 'API Error: 401' }] },
      ...lead,
    });
    finish('API Error: 401 invalid x-api-key', { is_error: true, api_error_status: Number(rest[0] ?? 401) });
    process.exitCode = 1;
    break;
  case 'surroundings':
    answer(JSON.stringify({ args, env: process.env, prompt: prompt === null ? null : readFileSync(prompt, 'utf8') }));
    finish('');
    break;
  case 'ask': {
    const { command, args: given } = JSON.parse(optionOf('--mcp-config')).mcpServers.molecule;
    use('mcp__molecule__delegate_task', { target: rest[0], task: rest.slice(1).join(' ') }, 'call_1');
    const result = await callTool([command, ...given], 'delegate_task', {
      target: rest[0],
      task: rest.slice(1).join(' '),
    });
    used('call_1', result.text, result.isError);
    answer(result.text);
    finish(result.text);
    break;
  }
  default:
    answer(`Message ${heard.length}: `, text);
    finish(`Message ${heard.length}: ${text}`);
}
