#!/usr/bin/env node
// Stands in for `codex exec --json`: the lines, the sessions and the ends are those of the real program. What it does is
// chosen by the first word of the message.
import { spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { callTool } from './mcp-call.mjs';

const args = process.argv.slice(2);
if (args.includes('--version')) {
  const manifest = new URL('../package.json', import.meta.url);
  console.log(`codex-cli ${existsSync(manifest) ? JSON.parse(readFileSync(manifest, 'utf8')).version : '0.0.0'}`);
  process.exit(0);
}

const say = (line) => process.stdout.write(`${JSON.stringify(line)}\n`);
const home = process.env.CODEX_HOME;
const resumed = args.includes('resume') ? args[args.indexOf('resume') + 1] : null;
const id = resumed ?? randomUUID();
const file = join(home, 'sessions', `${id}.json`);
if (resumed !== null && !existsSync(file)) {
  const why = `no rollout found for thread id ${resumed} (code -32600)`;
  console.error(`Error: thread/resume: thread/resume failed: ${why}`);
  process.exit(1);
}
const text = readFileSync(0, 'utf8');
const heard = resumed === null ? [] : JSON.parse(readFileSync(file, 'utf8'));
heard.push(text);
mkdirSync(join(home, 'sessions'), { recursive: true });
writeFileSync(file, JSON.stringify(heard));
const profile = readFileSync(join(home, `${args[args.indexOf('--profile') + 1]}.config.toml`), 'utf8');

let items = 0;
const nextId = () => `item_${items++}`;
const answer = (words) => say({ type: 'item.completed', item: { id: nextId(), type: 'agent_message', text: words } });
const finish = () => say({ type: 'turn.completed', usage: { input_tokens: 12, output_tokens: 3 } });

console.error('WARNING: proceeding, even though something could not be set up');
say({ type: 'thread.started', thread_id: id });
say({ type: 'item.completed', item: { id: nextId(), type: 'error', message: 'Model metadata not found.' } });
say({ type: 'turn.started' });
const [word, ...rest] = text.split('\n').at(-1).split(' ');
switch (word) {
  case 'tool': {
    const call = { id: nextId(), type: 'command_execution', command: 'ls' };
    answer('Looking.');
    say({ type: 'item.started', item: { ...call, status: 'in_progress' } });
    say({ type: 'item.completed', item: { ...call, status: 'completed', exit_code: 0, aggregated_output: 'a file' } });
    say({ type: 'item.completed', item: { id: nextId(), type: 'file_change', changes: [], status: 'failed' } });
    answer('There is a file.');
    finish();
    break;
  }
  case 'crash':
    answer('I was about to');
    console.error(`panic: out of ideas, key ${process.env.OPENAI_API_KEY}`);
    process.exitCode = 3;
    break;
  case 'garbage':
    process.stdout.write('Warning: something\n{"half": \n[1]\n\n');
    answer('All the same.');
    finish();
    break;
  case 'hang':
    answer('Thinking');
    if (rest[0] === 'stubbornly') process.on('SIGTERM', () => {});
    spawn(process.execPath, ['-e', 'setInterval(() => {}, 1000)'], { stdio: 'inherit' });
    setInterval(() => {}, 1_000);
    break;
  case 'refused': {
    const message = `unexpected status ${rest[0]}: Incorrect API key provided`;
    say({ type: 'error', message: `Reconnecting... 1/5 (${message})` });
    say({ type: 'turn.failed', error: { message } });
    process.exitCode = 1;
    break;
  }
  case 'cut': {
    const message = 'Reconnecting... waiting for network (Connection failed: error sending request)';
    setInterval(() => say({ type: 'error', message }), 5);
    break;
  }
  case 'surroundings':
    answer(JSON.stringify({ args, env: process.env, profile }));
    finish();
    break;
  case 'ask': {
    const [, command] = /^"command" = (.*)$/m.exec(profile);
    const [, given] = /^"args" = (.*)$/m.exec(profile);
    const [, names] = /^"env_vars" = (.*)$/m.exec(profile);
    const passed = ['PATH', 'HOME', ...JSON.parse(names)].flatMap((name) =>
      process.env[name] === undefined ? [] : [[name, process.env[name]]],
    );
    const input = { target: rest[0], task: rest.slice(1).join(' ') };
    const call = { id: nextId(), type: 'mcp_tool_call', server: 'molecule', tool: 'delegate_task', arguments: input };
    say({ type: 'item.started', item: { ...call, status: 'in_progress' } });
    const argv = [JSON.parse(command), ...JSON.parse(given)];
    const result = await callTool(argv, 'delegate_task', input, Object.fromEntries(passed));
    say({ type: 'item.completed', item: { ...call, status: result.isError ? 'failed' : 'completed' } });
    answer(result.text);
    finish();
    break;
  }
  default:
    answer(`Message ${heard.length}: ${text}`);
    finish();
}
