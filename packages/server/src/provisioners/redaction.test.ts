import { describe, expect, it } from 'vitest';
import { createRedactor } from './redaction.js';

describe('redaction', () => {
  it('blanks the values of secrets only, and the longer of two that overlap', () => {
    const redact = createRedactor({ A: 'abcdef', B: 'abcdef-123', PROVIDER: 'anthropic' }, ['A', 'B']);
    expect(redact('abcdef-123 abcdef anthropic')).toBe('[secret] [secret] anthropic');
  });

  it('blanks each line of a secret of several lines', () => {
    const redact = createRedactor({ KEY: '-----BEGIN KEY-----\nMIIEpAIBAAKCAQ\n' }, ['KEY']);
    expect(redact('read MIIEpAIBAAKCAQ')).toBe('read [secret]');
  });

  it('leaves the log readable when a secret is a mere word, and copes with names that are not set', () => {
    expect(createRedactor({ A: 'true', B: '' }, ['A', 'B', 'C'])('true or false')).toBe('true or false');
  });
});
