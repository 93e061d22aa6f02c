// Line by line: strings that look like credentials, marks of unfinished work, and traces of the machine that wrote a file.

/** Real credentials have a recognisable shape. @type {{ kind: string, shape: RegExp }[]} */
const CREDENTIALS = [
  { kind: 'Anthropic key', shape: /\bsk-ant-[A-Za-z0-9_-]{20,}/g },
  { kind: 'OpenAI key', shape: /\bsk-(?!ant-)(?:proj-)?[A-Za-z0-9_-]{24,}/g },
  { kind: 'GitHub token', shape: /\b(?:gh[pousr]_[A-Za-z0-9]{30,}|github_pat_[A-Za-z0-9_]{40,})/g },
  { kind: 'npm token', shape: /\bnpm_[A-Za-z0-9]{30,}/g },
  { kind: 'AWS key', shape: /\bAKIA[0-9A-Z]{16}\b/g },
  { kind: 'Google key', shape: /\bAIza[0-9A-Za-z_-]{35}/g },
  { kind: 'Slack token', shape: /\bxox[abprs]-[A-Za-z0-9-]{20,}/g },
  { kind: 'JSON web token', shape: /\beyJ[A-Za-z0-9_-]{15,}\.eyJ[A-Za-z0-9_-]{15,}\.[A-Za-z0-9_-]{20,}/g },
  { kind: 'private key', shape: /-----BEGIN (?:[A-Z]+ )?PRIVATE KEY-----/g },
  {
    kind: 'assigned secret',
    shape: /\b(?:password|passwd|secret|token|api[_-]?key)["']?\s*[:=]\s*["'][A-Za-z0-9+/_=-]{24,}["']/gi,
  },
];

/** Values that announce themselves as made up. */
const OBVIOUSLY_FAKE =
  /test|fake|example|dummy|sample|placeholder|redacted|not-?a-?real|never|invalid|wrong|your[-_]|(.)\1{7}|0123456789|abcdefgh/i;

/** @type {{ rule: string, shape: RegExp, where: RegExp, message: string }[]} */
const MARKS = [
  {
    rule: 'no-focused-or-skipped-test',
    shape: /\b(?:it|test|describe|suite)(?:\.\w+)*\.(?:only|skip|todo|fails)\b|\b(?:xit|xdescribe|fit|fdescribe)\(/,
    where: /\.(test|suite|e2e|full|chaos)\.tsx?$/,
    message: 'a test runs or is removed; a missing tool of the machine is skipIf(…), which is counted',
  },
  {
    rule: 'no-suppression',
    shape:
      /@ts-ignore|@ts-nocheck|@ts-expect-error\s*$|(?:eslint|oxlint)-disable(?!-next-line\s+\S+\s+--\s+\S)|biome-ignore(?!\s+\S+:\s*\S)/,
    where: /\.(ts|tsx|mjs|js|css)$/,
    message: 'fix it, or suppress one rule on one line with its reason',
  },
  { rule: 'no-todo', shape: /\b(?:TODO|FIXME|XXX|HACK)\b/, where: /./, message: 'finish it or open an issue' },
  {
    rule: 'no-sleep-in-tests',
    shape: /await\s+(?:setTimeout|sleep|delay)\(|await new Promise(?:<\w+>)?\(\(?(\w+)\)? => setTimeout\(\1\b/,
    where: /\.(test|suite|e2e|full|chaos)\.tsx?$/,
    message: 'wait for an event or a condition (waitFor)',
  },
  {
    rule: 'no-machine-traces',
    shape:
      /(?<![\w.\]})$-])\/work\/|https?:\/\/[^\s/"'`]*(?:artifactory|nexus|verdaccio|npm-mirror|npm-proxy)[^\s/"'`]*/i,
    where: /./,
    message: 'a path or host of one machine does not belong in the product',
  },
  {
    rule: 'no-foreign-registry',
    shape: /"resolved":\s*"https?:\/\/(?!registry\.npmjs\.org\/)/,
    where: /(^|\/)package-lock\.json$/,
    message: 'the lockfile must not name a private registry',
  },
  {
    rule: 'no-joined-signals',
    shape: /\bAbortSignal\.any\(/,
    where: /^packages\/[\w-]+\/src\/.*\.tsx?$/,
    message: 'it leaks on signals that live long (Node 20); followAbort of @molecule/contract/abort has an end',
  },
  { rule: 'no-emoji', shape: /\p{Emoji_Presentation}/u, where: /\.(md|tsx)$/, message: 'plain prose, no emoji' },
];

/** These two spell the patterns out. */
const SPELLS_THEM_OUT = /^scripts\/check\/(text-rules\.mjs|rules\.test\.ts)$/;

/** @param {readonly import('./files.mjs').SourceFile[]} files @returns {import('./files.mjs').Violation[]} */
export function checkText(files) {
  return files
    .filter(({ path }) => !SPELLS_THEM_OUT.test(path))
    .flatMap(({ path, text }) =>
      text.split('\n').flatMap((content, index) => {
        const at = { path, line: index + 1 };
        const marks = MARKS.filter(({ where, shape }) => where.test(path) && shape.test(content));
        return [
          ...(path.endsWith('package-lock.json') ? [] : credentialsIn(content)).map((kind) => ({
            ...at,
            rule: 'no-credentials',
            message: `this looks like a real ${kind}; a made-up one says "test" or "fake"`,
          })),
          ...marks.map(({ rule, message }) => ({ ...at, rule, message })),
        ];
      }),
    );
}

export const TEXT_RULES = ['no-credentials', ...MARKS.map(({ rule }) => rule)];

function credentialsIn(/** @type {string} */ content) {
  return CREDENTIALS.flatMap(({ kind, shape }) =>
    (content.match(shape) ?? []).filter((value) => !OBVIOUSLY_FAKE.test(value)).map(() => kind),
  );
}
