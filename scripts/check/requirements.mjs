// The wire contract's requirements are data (docs/requirements/manifest.mjs). Tests cite them by id; this compares both.
//   node scripts/check/requirements.mjs --prove   marks every cited `later` entry as `proven` in the manifest
import { readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { readFiles } from './files.mjs';
import { literalText, parse, walkTree } from './syntax.mjs';

/**
 * @typedef {{ id: string, state: string, by: string, src: string, says: string }} Requirement
 * @typedef {{ id: string, path: string, line: number }} Citation
 */

export const MANIFEST = 'docs/requirements/manifest.mjs';
const ID = /\b(?:[RD][1-9]\d?|[BM]-\d\d)\b/g;
/** A test name cites the ids it opens with: `R14: …`, `R14, B-23: …`. */
const OPENING = /^\s*(?:(?:[RD][1-9]\d?|[BM]-\d\d)(?:\s*[,+/]\s*|\s+and\s+)?)+:/;
const NAMERS = new Set(['it', 'test', 'describe', 'suite']);

/** @param {readonly import('./files.mjs').SourceFile[]} tests @returns {Citation[]} */
export function citationsIn(tests) {
  return tests.flatMap((file) => {
    if (!/(?:[RD][1-9]|[BM]-\d\d)/.test(file.text)) return [];
    const { program, line } = parse(file);
    /** @type {Citation[]} */
    const found = [];
    walkTree(program, (node) => {
      if (node.type !== 'CallExpression') return;
      const name = rootName(node.callee);
      if (name === null || (!NAMERS.has(name) && name !== 'proves')) return;
      const named = name === 'proves' ? node.arguments : node.arguments.slice(0, 1);
      for (const text of named.map(literalText)) {
        const cited = name === 'proves' ? text : OPENING.exec(text ?? '')?.[0];
        for (const id of cited?.match(ID) ?? []) found.push({ id, path: file.path, line: line(node.start) });
      }
    });
    return found;
  });
}

/**
 * @param {readonly Requirement[]} manifest @param {readonly Citation[]} citations
 * @returns {import('./files.mjs').Violation[]}
 */
export function checkRequirements(manifest, citations) {
  const cited = new Set(citations.map(({ id }) => id));
  const known = new Map(manifest.map((entry) => [entry.id, entry]));
  const bad = (/** @type {string} */ message) => ({ path: MANIFEST, line: 1, rule: 'requirements', message });
  const ids = manifest.map(({ id }) => id);
  return [
    ...ids.filter((id, index) => ids.indexOf(id) !== index).map((id) => bad(`${id} is listed twice`)),
    ...manifest.filter(({ says, src, by }) => !says || !src || !by).map(({ id }) => bad(`${id} lacks says, src or by`)),
    ...manifest.flatMap(({ id, state }) => {
      switch (state) {
        case 'later':
          return [];
        case 'proven':
          return cited.has(id) ? [] : [bad(`${id} is proven, but no test cites it`)];
        case 'ruled':
          return cited.has(id) ? [] : [bad(`${id} is ruled, but no test of the ruling cites it`)];
        default:
          return [bad(`${id} has the unknown state "${state}"`)];
      }
    }),
    ...citations.flatMap(({ id, path, line }) => {
      const state = known.get(id)?.state;
      if (state !== undefined && state !== 'later') return [];
      const message =
        state === undefined
          ? `${id} is not in ${MANIFEST}`
          : `${id} is marked later; run "node scripts/check/requirements.mjs --prove" when this test proves it whole`;
      return [{ path, line, rule: 'requirements', message }];
    }),
  ];
}

export function countStates(/** @type {readonly Requirement[]} */ manifest) {
  const count = (/** @type {string} */ state) => manifest.filter((entry) => entry.state === state).length;
  return `${count('proven')} proven, ${count('ruled')} ruled, ${count('later')} later`;
}

export const isCitingFile = (/** @type {string} */ path) => /\.(test|suite|e2e|full|chaos)\.tsx?$/.test(path);

/** `it` for `it(…)`, `it.each(…)(…)` and `it.skipIf(…)(…)`. @returns {string | null} */
function rootName(/** @type {import('./syntax.mjs').Node} */ callee) {
  switch (callee.type) {
    case 'Identifier':
      return callee.name;
    case 'MemberExpression':
      return rootName(callee.object);
    case 'CallExpression':
      return rootName(callee.callee);
    case 'TaggedTemplateExpression':
      return rootName(callee.tag);
    default:
      return null;
  }
}

/** One entry is one line, so that a change of state is a change of one line. */
function prove(/** @type {string} */ root) {
  const path = `${root}/${MANIFEST}`;
  const cited = new Set(citationsIn(readFiles(root, isCitingFile)).map(({ id }) => id));
  const lines = readFileSync(path, 'utf8').split('\n');
  const changed = lines.map((text) => {
    const id = /id: '([^']+)', state: 'later'/.exec(text)?.[1];
    return id !== undefined && cited.has(id) ? text.replace("state: 'later'", "state: 'proven'") : text;
  });
  writeFileSync(path, changed.join('\n'));
  console.log(changed.filter((text, index) => text !== lines[index]).join('\n') || 'nothing to mark');
}

if (process.argv[1] === fileURLToPath(import.meta.url) && process.argv.includes('--prove')) {
  prove(fileURLToPath(new URL('../..', import.meta.url)));
}
