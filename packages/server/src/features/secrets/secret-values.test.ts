import { expect, it } from 'vitest';
import { whyValueRefused } from './secret-values.js';

it.each(['http://127.0.0.1:11434/v1', ' https://models.example/v1\n', 'HTTP://host'])(
  'the address %j may be saved',
  (value) => {
    expect(whyValueRefused('OPENAI_BASE_URL', value)).toBeNull();
  },
);

it.each(['127.0.0.1:11434/v1', 'localhost:1', 'ftp://host', 'http://', 'sk-key', ''])(
  'the address %j is refused with what it must begin with, and never repeated',
  (value) => {
    const reason = whyValueRefused('OPENAI_BASE_URL', value);
    expect(reason).toContain('begins with http:// or https://');
    expect(reason).not.toMatch(/ftp|sk-key|localhost/);
  },
);

it('other names take any text without NUL', () => {
  expect(whyValueRefused('OPENAI_MODEL', 'localhost:1')).toBeNull();
  expect(whyValueRefused('ANYTHING', 'a\0b')).toContain('NUL');
});
