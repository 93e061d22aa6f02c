// Environment, time and chance enter a program in one file each. Anywhere else they make a test depend on the machine.
import { isTestFile } from './files.mjs';
import { dottedName, importsOf, parse, walkTree } from './syntax.mjs';

/** Code that may read these directly, and why. */
const EXEMPT = [
  { where: (/** @type {string} */ p) => isTestFile(p), why: 'tests and their kit drive the real world from outside' },
  { where: (/** @type {string} */ p) => p.startsWith('scripts/'), why: 'scripts run before the product does' },
  { where: (/** @type {string} */ p) => /(^|\/)(vite|vitest)[\w.-]*\.config\.ts$/.test(p), why: 'build configuration' },
];

/**
 * `names` are dotted names read anywhere; `modules` are imported names (null: any import of the module).
 * `only` are the files that wrap them; `also` are further places with their reason.
 */
const RULES = [
  {
    rule: 'env-in-config-only',
    names: ['process.env', 'import.meta.env'],
    modules: [{ module: /^(node:)?process$/, names: ['env'] }],
    only: [/^packages\/server\/src\/config\.ts$/, /^packages\/(runtime|cli|canvas)\/src\/(config|env)\.ts$/],
    also: [],
    hint: 'read it in the package’s config file and pass the value on',
  },
  {
    rule: 'timers-in-clock-only',
    names: [
      'setTimeout',
      'setInterval',
      'globalThis.setTimeout',
      'globalThis.setInterval',
      'window.setTimeout',
      'window.setInterval',
    ],
    modules: [{ module: /^(node:)?timers(\/promises)?$/, names: null }],
    only: [
      /^packages\/server\/src\/platform\/(clock|supervisor)\.ts$/,
      /^packages\/(runtime|cli|canvas)\/src\/(?:[\w-]+\/)*clock\.ts$/,
    ],
    also: [
      { where: /^packages\/canvas\/src\/.*\.tsx$/, why: 'a component’s effect owns its timer and clears it' },
      {
        where: /^packages\/server\/src\/platform\/postgres\/wait\.ts$/,
        why: 'starting the database must keep the process alive; Clock timers do not',
      },
    ],
    hint: 'take a Clock',
  },
  {
    rule: 'wall-clock-in-clock-only',
    names: ['Date.now', 'performance.now', 'process.hrtime', 'process.hrtime.bigint'],
    modules: [],
    only: [
      /^packages\/server\/src\/platform\/clock\.ts$/,
      /^packages\/(runtime|cli|canvas)\/src\/(?:[\w-]+\/)*clock\.ts$/,
    ],
    also: [
      { where: /^packages\/canvas\/src\/.*\.tsx$/, why: 'relative times are rendered against the reader’s clock' },
      {
        where: /^packages\/server\/src\/platform\/postgres\/wait\.ts$/,
        why: 'starting the database must keep the process alive; Clock timers do not',
      },
    ],
    hint: 'take a Clock',
  },
  {
    rule: 'randomness-in-random-only',
    names: [
      'Math.random',
      'crypto.randomUUID',
      'crypto.randomBytes',
      'crypto.randomInt',
      'crypto.getRandomValues',
      'globalThis.crypto.randomUUID',
    ],
    modules: [
      { module: /^(node:)?crypto$/, names: ['randomUUID', 'randomBytes', 'randomInt', 'randomFillSync', 'webcrypto'] },
      { module: /^uuidv7$/, names: null },
    ],
    only: [
      /^packages\/server\/src\/platform\/random\.ts$/,
      /^packages\/(runtime|cli|canvas)\/src\/(?:[\w-]+\/)*random\.ts$/,
    ],
    also: [],
    hint: 'take it from the package’s random.ts',
  },
];

/** @param {readonly import('./files.mjs').SourceFile[]} files @returns {import('./files.mjs').Violation[]} */
export function checkAmbient(files) {
  return files
    .filter((file) => !EXEMPT.some(({ where }) => where(file.path)))
    .flatMap((file) => {
      const { program, line } = parse(file);
      const uses = [...namesRead(program), ...namesImported(program)];
      return RULES.flatMap(({ rule, names, modules, only, also, hint }) => {
        if ([...only, ...also.map(({ where }) => where)].some((allowed) => allowed.test(file.path))) return [];
        return uses
          .filter((use) => ('module' in use ? modules.some((m) => importMatches(m, use)) : names.includes(use.name)))
          .map((use) => ({
            path: file.path,
            line: line(use.start),
            rule,
            message: `${use.name} is not allowed here: ${hint}`,
          }));
      });
    });
}

export const AMBIENT_RULES = RULES.map(({ rule }) => rule);

/** @param {{ module: RegExp, names: string[] | null }} wanted @param {{ module: string, name: string }} use */
function importMatches(wanted, use) {
  return wanted.module.test(use.module) && (wanted.names === null || wanted.names.includes(use.name));
}

/** Global names a file uses. `new Date()` without arguments counts as reading the clock; `new Date(value)` does not. */
function namesRead(/** @type {import('./syntax.mjs').Node} */ program) {
  /** @type {{ name: string, start: number }[]} */
  const found = [];
  walkTree(program, (node, parents) => {
    const parent = parents.at(-1);
    if (node.type === 'NewExpression' || node.type === 'CallExpression') {
      const bareDate = node.callee.type === 'Identifier' && node.callee.name === 'Date';
      if (bareDate && (node.type === 'CallExpression' || node.arguments.length === 0)) {
        found.push({ name: 'Date.now', start: node.start });
      }
    }
    if (node.type === 'VariableDeclarator' && node.id.type === 'ObjectPattern' && node.init) {
      const from = dottedName(node.init);
      if (from === null) return;
      for (const property of node.id.properties) {
        if (property.key?.name) found.push({ name: `${from}.${property.key.name}`, start: property.start });
      }
    }
    if (node.type === 'MemberExpression') {
      const meta = node.object.type === 'MetaProperty' && !node.computed;
      const name = meta ? `import.meta.${node.property.name}` : dottedName(node);
      if (name !== null) found.push({ name, start: node.start });
      return;
    }
    if (node.type === 'Identifier' && isReference(node, parent)) found.push({ name: node.name, start: node.start });
  });
  return found;
}

/** A name in value position: not a property, a key, a parameter of that name, or a type. */
function isReference(
  /** @type {import('./syntax.mjs').Node} */ node,
  /** @type {import('./syntax.mjs').Node | undefined} */ parent,
) {
  if (parent === undefined) return false;
  switch (parent.type) {
    case 'MemberExpression':
      return parent.object === node || parent.computed;
    case 'Property':
      return parent.value === node;
    case 'PropertyDefinition':
      return parent.value === node;
    case 'CallExpression':
    case 'NewExpression':
    case 'VariableDeclarator':
    case 'AssignmentExpression':
    case 'AssignmentPattern':
    case 'AwaitExpression':
    case 'ReturnStatement':
    case 'ConditionalExpression':
    case 'LogicalExpression':
    case 'ArrayExpression':
    case 'ExpressionStatement':
      return parent.id !== node && parent.left !== node;
    default:
      return false;
  }
}

function namesImported(/** @type {import('./syntax.mjs').Node} */ program) {
  const modules = new Map(importsOf(program).map(({ specifier, start, typeOnly }) => [start, { specifier, typeOnly }]));
  /** @type {{ name: string, module: string, start: number }[]} */
  const found = [];
  for (const node of program.body) {
    const seen = modules.get(node.start);
    if (node.type !== 'ImportDeclaration' || !seen || seen.typeOnly) continue;
    for (const specifier of node.specifiers) {
      found.push({ name: specifier.imported?.name ?? '*', module: seen.specifier, start: specifier.start });
    }
  }
  return found;
}
