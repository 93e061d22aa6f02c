import fc from 'fast-check';
import { expect, it } from 'vitest';
import { bytesOf, contentOf, formatBytes, fromEditor, isBinary, languageOf, lineEndOf, toEditor } from './file-text.js';

it('any bytes come back from what is sent for them', () => {
  fc.assert(
    fc.property(fc.uint8Array(), (bytes) => {
      expect([...bytesOf(contentOf(bytes))]).toEqual([...bytes]);
    }),
  );
});

it('a text with uniform line ends survives the editor byte by byte', () => {
  const lines = fc.array(fc.constantFrom('a', 'b: 1', '# note', ''), { minLength: 1 });
  fc.assert(
    fc.property(lines, fc.constantFrom('\n', '\r\n'), (parts, end) => {
      const text = parts.join(end);
      expect(fromEditor(toEditor(text), lineEndOf(text))).toBe(text);
    }),
  );
});

it('bytes that are no text are told apart', () => {
  expect(isBinary(contentOf(new Uint8Array([0xff, 0xfe])))).toBe(true);
  expect(isBinary({ content: 'a\0b', encoding: 'utf-8' })).toBe(true);
  expect(isBinary({ content: 'Grüße', encoding: 'utf-8' })).toBe(false);
});

it('names say the language, sizes say their unit', () => {
  expect(['config.yaml', 'a/b.JSON', 'prompt.md', 'x'].map(languageOf)).toEqual(['yaml', 'json', 'markdown', 'text']);
  expect([0, 1023, 1536, 2 * 1024 * 1024].map(formatBytes)).toEqual(['0 B', '1023 B', '1.5 KiB', '2.0 MiB']);
});
