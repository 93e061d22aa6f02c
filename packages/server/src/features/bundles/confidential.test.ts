import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { blankConfig, createBlanker } from './confidential.js';

describe('what must not leave the server', () => {
  it('is blanked wherever it stands, line by line, the longest value first', () => {
    const blank = createBlanker(['secret', 'secret-and-more', 'line one\nline two', 'true', '      ']);
    expect(blank('a secret-and-more b secret c')).toBe('a [REDACTED] b [REDACTED] c');
    expect(blank('x line two y')).toBe('x [REDACTED] y');
    // Words and spaces are no secrets, whatever they are the value of.
    expect(blank('true       words')).toBe('true       words');
  });

  it.each([
    ['SK_TOKEN', `sk-${'a1'.repeat(12)}`],
    ['GITHUB_TOKEN', `ghs_${'A'.repeat(36)}`],
    ['GITHUB_TOKEN', `github_pat_${'A'.repeat(60)}`],
    ['AWS_KEY', `AKIA${'B'.repeat(16)}`],
    ['GOOGLE_KEY', `AIza${'C'.repeat(35)}`],
    ['SLACK_TOKEN', `xoxb-${'1'.repeat(12)}`],
    ['TELEGRAM_TOKEN', `12345678:${'D'.repeat(35)}`],
    ['JWT', ['eyJ', '.', '.'].map((start) => `${start}${'e'.repeat(12)}`).join('')],
    ['PRIVATE_KEY', `-----BEGIN RSA ${'PRIVATE'} KEY-----\nabc\n-----END RSA ${'PRIVATE'} KEY-----`],
  ])('is known by its shape: %s', (label, token) => {
    const blank = createBlanker([]);
    const blanked = blank(`before ${token} after`);
    expect(blanked).toBe(`before [REDACTED:${label}] after`);
    expect(blank(blanked)).toBe(blanked);
  });

  it.each([
    'task-management-for-everybody-here',
    'a/very/long/path/of/some/file/somewhere.md',
    'risk-assessments-and-more-of-it',
  ])('is not mistaken for ordinary text: %s', (text) => {
    expect(createBlanker([])(text)).toBe(text);
  });

  it('a configuration stays YAML of the same shape, whatever value is blanked in it', () => {
    const text = fc.string({ minLength: 6, maxLength: 20 }).filter((value) => value.trim().length >= 6);
    fc.assert(
      fc.property(text, fc.dictionary(fc.constantFrom('a', 'b', 'c'), text), (secret, rest) => {
        const yaml = `hidden: ${JSON.stringify(secret)}\nrest: ${JSON.stringify(rest)}\n`;
        const blanked: unknown = parse(blankConfig(yaml, createBlanker([secret])));
        expect(blanked).toMatchObject({ hidden: expect.any(String), rest: expect.any(Object) });
        expect(JSON.stringify(blanked)).not.toContain(JSON.stringify(secret).slice(1, -1));
      }),
    );
  });

  it('a configuration without anything to hide stays byte for byte', () => {
    const yaml = 'a:   1 # odd\nlist:\n    - {x: 1}\ntoken_file: /run/token\napi_key_env: KEY\n';
    expect(blankConfig(yaml, createBlanker(['not in there']))).toBe(yaml);
  });
});
