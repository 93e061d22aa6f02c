import type { FileContent } from '@molecule/contract';

/** How the lines of a file end. An editor keeps `\n` only, so what a file had is given back when it is saved. */
export type LineEnd = '\n' | '\r\n';

export function lineEndOf(text: string): LineEnd {
  const all = text.match(/\r?\n/g) ?? [];
  // One that mixes them is not silently made uniform with the rarer kind.
  return all.filter((end) => end === '\r\n').length * 2 > all.length ? '\r\n' : '\n';
}

export function toEditor(text: string): string {
  return text.replaceAll('\r\n', '\n');
}

export function fromEditor(text: string, end: LineEnd): string {
  return end === '\n' ? text : text.replaceAll('\n', end);
}

export type FileLanguage = 'yaml' | 'json' | 'markdown' | 'text';

export function languageOf(path: string): FileLanguage {
  if (/\.ya?ml$/i.test(path)) return 'yaml';
  if (/\.json$/i.test(path)) return 'json';
  return /\.(md|markdown)$/i.test(path) ? 'markdown' : 'text';
}

/** "312 B", "4.2 KiB", "1.0 MiB". */
export function formatBytes(bytes: number): string {
  if (bytes < 1024) return `${bytes} B`;
  const kib = bytes / 1024;
  return kib < 1024 ? `${kib.toFixed(1)} KiB` : `${(kib / 1024).toFixed(1)} MiB`;
}

/** Bytes that are no text, or a text with what no editor can show. */
export function isBinary(file: Pick<FileContent, 'content' | 'encoding'>): boolean {
  return file.encoding === 'base64' || file.content.includes('\0');
}

/** The bytes of a file, to be kept on the disk of whoever looks at it. */
export function bytesOf(file: Pick<FileContent, 'content' | 'encoding'>): Uint8Array<ArrayBuffer> {
  if (file.encoding === 'utf-8') return new TextEncoder().encode(file.content);
  return Uint8Array.from(atob(file.content), (character) => character.charCodeAt(0));
}

/** What an upload sends: text where it is text to the last byte, base64 otherwise. */
export function contentOf(bytes: Uint8Array): Pick<FileContent, 'content' | 'encoding'> {
  try {
    const content = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
    return { content, encoding: 'utf-8' };
  } catch {
    let binary = '';
    for (const byte of bytes) binary += String.fromCharCode(byte);
    return { content: btoa(binary), encoding: 'base64' };
  }
}
