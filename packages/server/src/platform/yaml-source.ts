import { type Document, LineCounter, type Node, parseDocument } from 'yaml';

/** A place in a YAML file, for people. Line and column are 1-based; absent when the file as a whole is meant. */
export interface YamlFault {
  readonly line?: number;
  readonly column?: number;
  readonly reason: string;
}

export interface YamlSource {
  readonly document: Document.Parsed;
  /** Where a node of this document begins; nothing for a node that was not parsed from it. */
  placeOf(node: Node | null | undefined): { readonly line?: number; readonly column?: number };
}

/** A file of ours is at most this large: more is a mistake or an attack. */
export const YAML_BYTES_MAX = 1024 * 1024;

/** Parses one YAML document. Every mistake the library finds is a fault with its place; warnings are none. */
export function readYaml(text: string): { readonly source: YamlSource } | { readonly faults: readonly YamlFault[] } {
  if (Buffer.byteLength(text) > YAML_BYTES_MAX) {
    return { faults: [{ reason: `the file is larger than ${YAML_BYTES_MAX} bytes` }] };
  }
  const lineCounter = new LineCounter();
  let document: Document.Parsed;
  try {
    document = parseDocument(text, { lineCounter, prettyErrors: false, logLevel: 'silent' });
  } catch (error) {
    // The library descends recursively: a file of opening brackets alone exhausts the stack.
    if (error instanceof RangeError) return { faults: [{ reason: 'the file is nested too deeply' }] };
    throw error;
  }
  if (document.errors.length > 0) {
    return {
      faults: document.errors.map((error) => ({
        ...toPlace(lineCounter, error.pos[0]),
        reason: error.message.split('\n', 1)[0] ?? error.message,
      })),
    };
  }
  return {
    source: {
      document,
      placeOf: (node) => (node?.range ? toPlace(lineCounter, node.range[0]) : {}),
    },
  };
}

function toPlace(lineCounter: LineCounter, offset: number): { line: number; column: number } {
  const { line, col } = lineCounter.linePos(offset);
  return { line, column: col };
}
