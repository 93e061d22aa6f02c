import { expect, it } from 'vitest';
import { programName } from './program-name.js';

it.each([
  ['/home/a/molecule/molecule', '/home/a/molecule', './molecule'],
  ['/home/a/molecule/molecule', '/home/a/molecule/docs', '../molecule'],
  ['/home/a/molecule/molecule', '/home/a', './molecule/molecule'],
  ['/opt/m/molecule', '/home/somebody/deep/below', '/opt/m/molecule'],
  ['/usr/local/bin/molecule', '/home/a', 'molecule'],
  ['/home/a/molecule/node_modules/vitest/vitest.mjs', '/home/a/molecule', './molecule'],
  [undefined, '/', './molecule'],
])('%s called in %s is %s', (script, cwd, name) => {
  expect(programName(script, cwd, '/usr/bin:/usr/local/bin')).toBe(name);
});
