import { existsSync, readFileSync, statSync } from 'node:fs';
import { dirname, relative, sep } from 'node:path';
import { isAlias, isMap, isNode, isScalar, isSeq, type Node, type ParsedNode } from 'yaml';
import { findRealPathInside, resolveInsideRoot } from '../../platform/inside-root.js';
import { readYaml, YAML_BYTES_MAX, type YamlSource } from '../../platform/yaml-source.js';
import { faultAt, type Located, type OrgFault, type Place } from './located.js';

const INCLUDE_DEPTH_MAX = 16;
/** Repeated includes multiply; a real org stays far below. */
const NODES_MAX = 200_000;

/** Where the reader is: the file it reads and the files that included it. */
interface Reading {
  readonly source: YamlSource;
  readonly path: string;
  readonly chain: readonly string[];
  /** What each anchor stands for at this point of the file; null while it is being read. */
  readonly anchors: Map<string, Located | null>;
}

/** Carries faults out of the recursion; never leaves this file. */
class ExpansionStopped extends Error {
  override readonly name = 'ExpansionStopped';
  readonly faults: readonly OrgFault[];

  constructor(faults: readonly OrgFault[]) {
    super('expansion stopped');
    this.faults = faults;
  }
}

/**
 * Reads an org file with everything it includes (contract lifecycle §22): `!include <path>` on a scalar anywhere,
 * relative to the including file, inside `root`. `file` is an absolute path inside `root`.
 */
export function expandOrgFile(
  root: string,
  file: string,
): { readonly tree: Located } | { readonly faults: readonly OrgFault[] } {
  let nodes = 0;

  function readFile(path: string, chain: readonly string[], from: Place): Located {
    const stop = (reason: string): never => {
      throw new ExpansionStopped([faultAt(from, reason)]);
    };
    const shown = nameOf(root, path);
    if (!existsSync(path)) stop(`${shown} does not exist`);
    const realPath = findRealPathInside(root, path) ?? stop(`${shown} leads outside the folder of the org`);
    if (chain.includes(realPath)) {
      stop(
        `includes go round: ${[...chain.slice(chain.indexOf(realPath)), realPath].map((step) => nameOf(root, step)).join(' → ')}`,
      );
    }
    if (chain.length > INCLUDE_DEPTH_MAX) stop(`includes are nested more than ${INCLUDE_DEPTH_MAX} deep`);
    const stats = statSync(realPath);
    if (!stats.isFile()) stop(`${shown} is not a file`);
    if (stats.size > YAML_BYTES_MAX) stop(`${shown} is larger than ${YAML_BYTES_MAX} bytes`);
    const parsed = readYaml(readFileSync(realPath, 'utf8'));
    if ('faults' in parsed) {
      throw new ExpansionStopped(parsed.faults.map((fault) => ({ file: shown, ...fault })));
    }
    const reading = { source: parsed.source, path: realPath, chain: [...chain, realPath], anchors: new Map() };
    return locate(parsed.source.document.contents, reading, { file: shown, line: 1, column: 1 });
  }

  function locate(node: Node | ParsedNode | null, reading: Reading, fallback: Place): Located {
    const place: Place = { ...fallback, ...reading.source.placeOf(node) };
    nodes += 1;
    if (nodes > NODES_MAX) throw new ExpansionStopped([faultAt(place, `the org has more than ${NODES_MAX} values`)]);
    if (node === null) return { kind: 'scalar', place, value: null };
    if (isAlias(node)) return followAlias(node.source, reading, place);
    const { anchor } = node;
    if (anchor) reading.anchors.set(anchor, null);
    const located = locateContent(node, reading, place);
    if (anchor) reading.anchors.set(anchor, located);
    return located;
  }

  /** The same value again, not a copy: aliases of aliases cost nothing here, however they multiply. */
  function followAlias(name: string, reading: Reading, place: Place): Located {
    const target = reading.anchors.get(name);
    if (target) return target;
    const reason =
      target === null ? `the alias *${name} stands inside its own anchor` : `nothing is anchored as &${name}`;
    throw new ExpansionStopped([faultAt(place, reason)]);
  }

  function locateContent(node: Node, reading: Reading, place: Place): Located {
    const tag = node.tag ?? '';
    if (tag.startsWith('!') && !(tag === '!include' && isScalar(node))) {
      throw new ExpansionStopped([faultAt(place, `the tag ${tag} is not known here; only !include on a path is`)]);
    }
    if (isSeq(node)) {
      return {
        kind: 'list',
        place,
        items: node.items.map((item) => locate(isNode(item) ? item : null, reading, place)),
      };
    }
    if (isMap(node)) {
      const entries = new Map<string, Located>();
      for (const { key, value } of node.items) {
        const name = isScalar(key) ? String(key.value) : '';
        const located = locate(isNode(value) ? value : null, reading, place);
        if (name === '<<') mergeInto(entries, located);
        else entries.set(name, located);
      }
      return { kind: 'map', place, entries };
    }
    if (!isScalar(node)) return { kind: 'scalar', place, value: null };
    if (tag !== '!include') return { kind: 'scalar', place, value: node.value };
    return include(typeof node.value === 'string' ? node.value.trim() : '', reading, place);
  }

  function include(target: string, reading: Reading, place: Place): Located {
    if (target === '') throw new ExpansionStopped([faultAt(place, '!include names no file')]);
    const path = resolveInsideRoot(root, target, dirname(reading.path));
    if (path === null)
      throw new ExpansionStopped([faultAt(place, `!include ${target} leads outside the folder of the org`)]);
    return readFile(path, reading.chain, place);
  }

  try {
    return { tree: readFile(file, [], { file: nameOf(root, file) }) };
  } catch (error) {
    if (error instanceof ExpansionStopped) return { faults: error.faults };
    if (error instanceof RangeError)
      return { faults: [{ file: nameOf(root, file), reason: 'it is nested too deeply' }] };
    if (error instanceof Error && 'code' in error) {
      return { faults: [{ file: nameOf(root, file), reason: `a file could not be read (${String(error.code)})` }] };
    }
    throw error;
  }
}

/** `<<: *defaults`: keys written beside it win, whichever stands first. */
function mergeInto(entries: Map<string, Located>, merged: Located): void {
  const sources = merged.kind === 'list' ? merged.items : [merged];
  for (const source of sources) {
    if (source.kind !== 'map') continue;
    for (const [key, value] of source.entries) if (!entries.has(key)) entries.set(key, value);
  }
}

function nameOf(root: string, path: string): string {
  return relative(root, path).split(sep).join('/');
}
