import { expect, it } from 'vitest';
import { stampToken, ways } from './connect-snippets.js';

it('the token goes into every place that waits for it, and nowhere else', () => {
  const snippet = 'A="<paste from create response>"\nB=<paste auth_token from create response>\nC="<paste>"';
  expect(stampToken(snippet, 'tok')).toBe('A="tok"\nB=tok\nC="<paste>"');
});

it('without a token a snippet keeps its places', () => {
  expect(stampToken('A="<paste from create response>"', '')).toContain('<paste from create response>');
});

it('the ways come in the order of the contract, each with a help that says what to do', () => {
  expect(ways.map(({ label }) => label)).toEqual([
    'Universal MCP',
    'Python SDK',
    'Claude Code',
    'Hermes',
    'Codex',
    'OpenClaw',
    'curl',
  ]);
  for (const { help } of ways) for (const { fix } of help.errors) expect(fix).toMatch(/^[A-Z].+\.$/);
});
