import { expect, it } from 'vitest';
import { readEnv } from './env.js';
import { StartupError } from './exit.js';

const base = { WORKSPACE_ID: 'w', PLATFORM_URL: 'http://127.0.0.1:8080/', CONFIGS_DIR: '/data/w/configs' };

it('derives the run directory beside the configs directory', () => {
  expect(readEnv(base)).toMatchObject({
    platformUrl: 'http://127.0.0.1:8080',
    configPath: '/data/w/configs/config.yaml',
    runDir: '/data/w/run',
    model: null,
    conformance: false,
  });
});

it.each([
  ['/a/configs', '/a/configs/config.yaml', '/a/configs'],
  ['/a/configs/other.yaml', '/a/configs/other.yaml', '/a/configs'],
])('accepts WORKSPACE_CONFIG_PATH=%s', (path, configPath, configsDir) => {
  expect(readEnv({ ...base, CONFIGS_DIR: undefined, WORKSPACE_CONFIG_PATH: path })).toMatchObject({
    configPath,
    configsDir,
  });
});

it.each([
  [{ ...base, WORKSPACE_ID: '' }, 'WORKSPACE_ID'],
  [{ ...base, PLATFORM_URL: undefined }, 'PLATFORM_URL'],
  [{ ...base, PLATFORM_URL: 'localhost:8080' }, 'PLATFORM_URL must be an http or https address'],
])('refuses to start without what it needs', (source, message) => {
  expect(() => readEnv(source)).toThrow(StartupError);
  expect(() => readEnv(source)).toThrow(message);
});
