import { expect, it } from 'vitest';
import { StartupError } from '../exit.js';
import { parseConfig } from './load-config.js';

it('reads the keys a generated config has', () => {
  const config = parseConfig(
    'name: "Lead"\ndescription: Plans\nversion: 1.0\ntier: 1\nruntime: echo\nmodel: x:y\nruntime_config:\n  timeout: 0\n  required_env: [A]\n',
    'config.yaml',
  );
  expect(config).toMatchObject({
    name: 'Lead',
    description: 'Plans',
    version: '1',
    runtime: 'echo',
    model: 'x:y',
    requiredEnv: ['A'],
  });
});

it('fills an empty file with defaults and ignores keys it does not know', () => {
  expect(parseConfig('', 'config.yaml')).toMatchObject({
    name: 'Workspace',
    runtime: 'llm',
    model: null,
    maxConcurrentTasks: 1,
  });
  expect(parseConfig('future: { anything: [1] }\nname:\n', 'config.yaml').name).toBe('Workspace');
});

it('M-56: loads a config that names a shared context, and makes nothing of it', () => {
  const plain = 'name: Old\nruntime: llm\n';
  for (const shared of ['[notes.md, rules.md]', '', 'notes.md', '{ files: [notes.md] }']) {
    expect(parseConfig(`${plain}shared_context: ${shared}\n`, 'config.yaml')).toEqual(
      parseConfig(plain, 'config.yaml'),
    );
  }
});

it('takes any wish for tasks at once, and runs at most 64', () => {
  const read = (count: number) => parseConfig(`max_concurrent_tasks: ${count}\n`, 'config.yaml').maxConcurrentTasks;
  expect([read(3), read(64), read(1_000)]).toEqual([3, 64, 64]);
});

it('takes prompts of its own from the text or else from the file, and looks every ten minutes unless told otherwise', () => {
  expect(parseConfig('name: A\ninitial_prompt: "  "\nidle_prompt:\n', 'config.yaml')).toMatchObject({
    initialPrompt: null,
    idlePrompt: null,
    idleIntervalSeconds: 600,
  });
  const both = 'initial_prompt: Hello.\ninitial_prompt_file: a.md\nidle_prompt_file: b.md\nidle_interval_seconds: 30\n';
  expect(parseConfig(both, 'config.yaml')).toMatchObject({
    initialPrompt: { text: 'Hello.' },
    idlePrompt: { file: 'b.md' },
    idleIntervalSeconds: 30,
  });
  expect(parseConfig('idle_interval_seconds: 0\n', 'config.yaml').idleIntervalSeconds).toBe(600);
});

it('names file and line of a YAML error', () => {
  expect(() => parseConfig('name: a\nruntime: [echo\n', '/configs/config.yaml')).toThrow(
    /^\/configs\/config\.yaml:\d+ is not valid YAML/,
  );
});

it.each([
  ['- a\n- b\n', 'must be a mapping'],
  ['name: [a]\n', 'name must be a text, not a list'],
  ['prompt_files: one.md\n', 'prompt_files must be a list of texts, not a string'],
  ['prompt_files: [1]\n', 'prompt_files must be a list of texts'],
  ['runtime_config: no\n', 'runtime_config must be a mapping'],
  ['max_concurrent_tasks: 0\n', 'max_concurrent_tasks must be a whole number from 1'],
  ['idle_interval_seconds: -5\n', 'idle_interval_seconds must be a whole number of seconds from 1 to 2147483'],
  ['idle_interval_seconds: soon\n', 'idle_interval_seconds must be a whole number of seconds from 1 to 2147483'],
])('refuses %j in one sentence', (text, message) => {
  expect(() => parseConfig(text, 'config.yaml')).toThrow(StartupError);
  expect(() => parseConfig(text, 'config.yaml')).toThrow(message);
});
