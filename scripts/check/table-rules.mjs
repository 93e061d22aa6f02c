// Who may name which table. Reads the query builder's calls and the text of SQL strings; only the
// server speaks SQL, and its tests may touch any table.
import { isTestFile } from './files.mjs';
import { dottedName, literalText, parse, walkTree } from './syntax.mjs';

/** Builder methods whose first argument is a table. */
const WRITES = new Set(['insertInto', 'updateTable', 'deleteFrom', 'replaceInto', 'mergeInto']);
const READS = new Set([
  'selectFrom',
  'innerJoin',
  'leftJoin',
  'rightJoin',
  'fullJoin',
  'crossJoin',
  'innerJoinLateral',
  'leftJoinLateral',
]);

/** Calls that run a built query. A chain that ends elsewhere builds a statement and drops it. */
const RUNS = /^(execute|executeTakeFirst|executeTakeFirstOrThrow|stream|explain)$/;

/** Where SQL may be written at all. */
const SQL_PLACES = [/\.(store|views)\.ts$/, /^packages\/server\/src\/platform\//];

/** A bare string is taken for SQL when it starts like a statement: prose may well say "from events". */
const STATEMENT =
  /^\s*(--[^\n]*\n\s*)*(select|insert\s+into|update|delete\s+from|with|lock\s+table|truncate|copy|merge\s+into)\s/i;

const WRITE_TEXT =
  /\b(?:insert\s+into|update(?:\s+only)?|delete\s+from(?:\s+only)?|truncate(?:\s+table)?|merge\s+into|copy)\s+(?:public\.)?"?([a-z_][a-z0-9_]*)"?/gi;
const READ_TEXT = /\b(?:from|join|using|lock\s+table)\s+(?:only\s+|lateral\s+)?(?:public\.)?"?([a-z_][a-z0-9_]*)"?/gi;

/** @typedef {{ table: string, write: boolean, start: number, builder: boolean }} Use */

/**
 * @param {readonly import('./files.mjs').SourceFile[]} files
 * @param {Record<string, string>} owners table -> folder of its owner
 * @returns {import('./files.mjs').Violation[]}
 */
export function checkTables(files, owners) {
  return files
    .filter((file) => file.path.startsWith('packages/server/') && !isTestFile(file.path))
    .flatMap((file) => {
      const { program, line } = parse(file);
      const { uses, sql, dropped } = inspect(program, owners);
      const report = (/** @type {number} */ start, /** @type {string} */ rule, /** @type {string} */ message) => ({
        path: file.path,
        line: line(start),
        rule,
        message,
      });
      const misplaced = SQL_PLACES.some((place) => place.test(file.path)) ? [] : sql.slice(0, 1);
      return [
        ...misplaced.map((start) => report(start, 'sql-place', 'SQL belongs in *.store.ts, *.views.ts or platform/')),
        ...dropped.map((start) => report(start, 'query-never-run', 'this query is built and never executed')),
        ...uses.flatMap((use) => {
          const message = judge(file.path, use, owners);
          return message === null ? [] : [report(use.start, 'table-ownership', message)];
        }),
      ];
    });
}

/** Every table a migration creates must have an owner. @param {readonly import('./files.mjs').SourceFile[]} migrations @param {Record<string, string>} owners */
export function checkOwned(migrations, owners) {
  return migrations.flatMap(({ path, text }) =>
    [...text.matchAll(/^\s*create\s+table\s+(?:if\s+not\s+exists\s+)?(?:public\.)?"?([a-z_][a-z0-9_]*)/gim)]
      .filter((match) => !Object.hasOwn(owners, match[1] ?? ''))
      .map((match) => ({
        path,
        line: text.slice(0, match.index).split('\n').length,
        rule: 'table-ownership',
        message: `table ${match[1]} has no owner: add it to scripts/check/table-owners.mjs`,
      })),
  );
}

/** @param {string} path @param {Use} use @param {Record<string, string>} owners */
function judge(path, { table, write, builder }, owners) {
  const owner = owners[table];
  if (owner === undefined) {
    return builder ? `table ${table} has no owner: add it to scripts/check/table-owners.mjs` : null;
  }
  if (path.startsWith(owner)) return null;
  if (!write && path.endsWith('.views.ts')) return null;
  return write
    ? `only ${owner} may write ${table}`
    : `only ${owner} may read ${table}; call its feature, or read it in a *.views.ts`;
}

/** @param {import('./syntax.mjs').Node} program @param {Record<string, string>} owners */
function inspect(program, owners) {
  /** @type {Use[]} */
  const uses = [];
  /** @type {number[]} */
  const sql = [];
  /** @type {number[]} */
  const dropped = [];
  const local = commonTableNames(program);

  const take = (/** @type {string} */ name, /** @type {boolean} */ write, /** @type {number} */ start) => {
    const table =
      name
        .trim()
        .split(/\s+/)[0]
        ?.replace(/^public\./, '') ?? '';
    if (!local.has(table)) uses.push({ table, write, start, builder: true });
  };
  const takeText = (/** @type {string} */ text, /** @type {number} */ start) => {
    sql.push(start);
    const written = [...text.matchAll(WRITE_TEXT)].map((match) => match[1]?.toLowerCase() ?? '');
    const read = [...text.matchAll(READ_TEXT)].map((match) => match[1]?.toLowerCase() ?? '');
    for (const table of written)
      if (Object.hasOwn(owners, table)) uses.push({ table, write: true, start, builder: false });
    for (const table of read) {
      const alsoWritten = written.includes(table);
      if (Object.hasOwn(owners, table) && !alsoWritten) uses.push({ table, write: false, start, builder: false });
    }
  };

  walkTree(program, (node, parents) => {
    switch (node.type) {
      case 'CallExpression': {
        if (node.callee.type !== 'MemberExpression' || node.callee.computed) return;
        const method = node.callee.property.name;
        if (dottedName(node.callee) === 'sql.table') {
          const name = literalText(node.arguments[0]);
          if (name !== null) take(name, true, node.start);
          return;
        }
        if (!WRITES.has(method) && !READS.has(method)) return;
        for (const name of tableArguments(node.arguments[0])) {
          sql.push(node.start);
          take(name, WRITES.has(method), node.start);
        }
        return;
      }
      case 'TaggedTemplateExpression':
        if (node.tag.type === 'Identifier' && node.tag.name === 'sql')
          takeText(literalText(node.quasi) ?? '', node.start);
        return;
      case 'Literal':
      case 'TemplateLiteral': {
        if (parents.at(-1)?.type === 'TaggedTemplateExpression') return;
        const text = literalText(node);
        if (text !== null && STATEMENT.test(text) && looksLikeSql(text)) takeText(text, node.start);
        return;
      }
      case 'ExpressionStatement':
        if (isDroppedQuery(node.expression)) dropped.push(node.start);
        return;
      default:
    }
  });
  return { uses, sql, dropped };
}

/** A first word alone does not make SQL ("Update your settings"): a second keyword of the statement must follow. */
function looksLikeSql(/** @type {string} */ text) {
  return (
    /^\s*(insert\s+into|delete\s+from|truncate|lock\s+table)\s+\w/i.test(text) ||
    /^\s*select\s[\s\S]*\b(from|pg_\w+\()/i.test(text) ||
    /^\s*update\s[\s\S]*\bset\s+\w+\s*=/i.test(text) ||
    /^\s*with\s[\s\S]*\bas\s*(?:not\s+materialized\s*|materialized\s*)?\(/i.test(text)
  );
}

/** The names a builder's table argument gives: a string, or an array of them. */
function tableArguments(/** @type {import('./syntax.mjs').Node | undefined} */ argument) {
  const nodes = argument?.type === 'ArrayExpression' ? argument.elements : [argument];
  return nodes.flatMap((/** @type {import('./syntax.mjs').Node} */ node) => literalText(node) ?? []);
}

/** Names bound by `.with('name', …)` and by `.as('name')`: they look like tables later and are none. */
function commonTableNames(/** @type {import('./syntax.mjs').Node} */ program) {
  const names = new Set();
  walkTree(program, (node) => {
    if (node.type !== 'CallExpression' || node.callee.type !== 'MemberExpression') return;
    if (!['with', 'withRecursive', 'as'].includes(node.callee.property.name)) return;
    const name = literalText(node.arguments[0]);
    if (name !== null) names.add(name.split('(')[0]?.trim());
  });
  return names;
}

/** A statement that is a chain of builder calls without one that runs it. */
function isDroppedQuery(/** @type {import('./syntax.mjs').Node} */ expression) {
  let at = expression;
  let starts = false;
  while (at.type === 'CallExpression' && at.callee.type === 'MemberExpression') {
    const method = at.callee.property.name;
    if (RUNS.test(method) || method === 'then') return false;
    if (WRITES.has(method) || method === 'selectFrom') starts = true;
    at = at.callee.object;
  }
  return starts;
}
