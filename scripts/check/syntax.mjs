// One parse of a source file, and the few questions the rules ask of it.
import { parseSync } from 'oxc-parser';

/** @typedef {{ type: string, start: number, end: number, [key: string]: any }} Node */

/** Parses one file; a file with a syntax error throws, because a rule that sees half a file would pass by accident. */
export function parse(/** @type {import('./files.mjs').SourceFile} */ file) {
  const result = parseSync(file.path, file.text, { sourceType: 'module' });
  const broken = result.errors[0];
  if (broken) throw new Error(`${file.path} does not parse: ${broken.message}`);
  const starts = lineStarts(file.text);
  return {
    program: /** @type {Node} */ (/** @type {unknown} */ (result.program)),
    comments: result.comments,
    /** 1-based line of an offset. */
    line: (/** @type {number} */ offset) => lineOf(starts, offset),
  };
}

/**
 * Calls `visit` for every node, outermost first, with the chain of its parents (nearest last).
 * @param {Node} node @param {(node: Node, parents: readonly Node[]) => void} visit @param {Node[]} [parents]
 */
export function walkTree(node, visit, parents = []) {
  visit(node, parents);
  parents.push(node);
  for (const value of Object.values(node)) {
    for (const child of Array.isArray(value) ? value : [value]) {
      if (child && typeof child === 'object' && typeof child.type === 'string') walkTree(child, visit, parents);
    }
  }
  parents.pop();
}

/**
 * Every module a file names: imports, re-exports, `import()` of a literal, and `import('x')` types.
 * @param {Node} program @returns {{ specifier: string, start: number, typeOnly: boolean }[]}
 */
export function importsOf(program) {
  /** @type {{ specifier: string, start: number, typeOnly: boolean }[]} */
  const found = [];
  walkTree(program, (node) => {
    const source = node.type === 'TSImportType' ? (node.source ?? node.argument) : node.source;
    const literal = source?.type === 'TSLiteralType' ? source.literal : source;
    if (!literal || typeof literal.value !== 'string') return;
    switch (node.type) {
      case 'ImportDeclaration': {
        const named = node.specifiers ?? [];
        const allTypes = named.length > 0 && named.every((/** @type {Node} */ s) => s.importKind === 'type');
        found.push({ specifier: literal.value, start: node.start, typeOnly: node.importKind === 'type' || allTypes });
        return;
      }
      case 'ExportNamedDeclaration':
      case 'ExportAllDeclaration':
        found.push({ specifier: literal.value, start: node.start, typeOnly: node.exportKind === 'type' });
        return;
      case 'ImportExpression':
        found.push({ specifier: literal.value, start: node.start, typeOnly: false });
        return;
      case 'TSImportType':
        found.push({ specifier: literal.value, start: node.start, typeOnly: true });
        return;
      default:
    }
  });
  return found;
}

/** The text of a string or template literal, with each `${…}` shown as ` ? `; null for any other node. */
export function literalText(/** @type {Node | undefined} */ node) {
  if (node?.type === 'Literal' && typeof node.value === 'string') return node.value;
  if (node?.type !== 'TemplateLiteral') return null;
  return node.quasis.map((/** @type {Node} */ q) => q.value.cooked ?? q.value.raw).join(' ? ');
}

/** `a.b.c` for a chain of names (`a['b']` counts), null for anything computed at run time. */
export function dottedName(/** @type {Node} */ node) {
  /** @type {string[]} */
  const parts = [];
  let at = node;
  while (at.type === 'MemberExpression') {
    const name = at.computed ? literalText(at.property) : at.property.name;
    if (name === null) return null;
    parts.unshift(name);
    at = at.object;
  }
  if (at.type !== 'Identifier') return null;
  return [at.name, ...parts].join('.');
}

/** @param {string} text @returns {number[]} */
function lineStarts(text) {
  const starts = [0];
  for (let at = text.indexOf('\n'); at !== -1; at = text.indexOf('\n', at + 1)) starts.push(at + 1);
  return starts;
}

/** @param {number[]} starts @param {number} offset */
function lineOf(starts, offset) {
  let low = 0;
  let high = starts.length - 1;
  while (low < high) {
    const middle = (low + high + 1) >> 1;
    if ((starts[middle] ?? 0) <= offset) low = middle;
    else high = middle - 1;
  }
  return low + 1;
}
