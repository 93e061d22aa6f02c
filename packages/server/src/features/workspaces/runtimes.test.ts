import { describe, expect, it } from 'vitest';
import { defaultStartLimitSeconds, sanitizeRuntime, whyNotInstalled } from './runtimes.js';

describe('the engines', () => {
  it.each([
    ['claude-code', 'claude-code'],
    ['codex', 'codex'],
    ['openclaw', 'openclaw'],
    ['hermes', 'hermes'],
    ['llm', 'llm'],
    ['echo', 'echo'],
    ['external', 'external'],
    ['  hermes\n', 'hermes'],
    ['', 'claude-code'],
    [null, 'claude-code'],
    [undefined, 'claude-code'],
    ['langgraph', 'claude-code'],
    ['CLAUDE-CODE', 'claude-code'],
    ['Hermes', 'claude-code'],
    ['seo-agent', 'claude-code'],
    ['../../etc', 'claude-code'],
    ['echo: x', 'claude-code'],
    ['__proto__', 'claude-code'],
  ])('%j reaches paths and files as %s (contract §12.2)', (given, expected) => {
    expect(sanitizeRuntime(given)).toBe(expected);
  });

  it.each(['openclaw', 'hermes'])('%s has no adapter here, which is said with what has', (id) => {
    expect(whyNotInstalled(id)).toBe(
      `Runtime ${id} is not installed on this server. Pick claude-code, codex, llm or echo.`,
    );
  });

  it.each(['claude-code', 'codex', 'llm', 'echo'])('%s can be started here', (id) => {
    expect(whyNotInstalled(id)).toBeNull();
  });

  it('R16: hermes may take 30 minutes to start, every other ten', () => {
    expect(defaultStartLimitSeconds('hermes')).toBe(1_800);
    for (const id of ['claude-code', 'codex', 'openclaw', 'llm', 'echo', 'langgraph']) {
      expect(defaultStartLimitSeconds(id)).toBe(600);
    }
  });
});
