import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, expect, it } from 'vitest';

const root = join(import.meta.dirname, '../..');
const scratch: string[] = [];

afterEach(() => {
  for (const directory of scratch.splice(0)) rmSync(directory, { recursive: true, force: true });
});

/** Lints one file with the repository's rules, beside the repository's dependencies. Answers `line rule` per finding. */
function lint(source: string): string[] {
  const directory = mkdtempSync(join(tmpdir(), 'molecule-lint-'));
  scratch.push(directory);
  symlinkSync(join(root, 'node_modules'), join(directory, 'node_modules'));
  writeFileSync(join(directory, 'package.json'), '{"type":"module"}');
  writeFileSync(
    join(directory, 'tsconfig.json'),
    JSON.stringify({
      extends: join(root, 'tsconfig.base.json'),
      compilerOptions: { composite: false },
      files: ['a.ts'],
    }),
  );
  writeFileSync(join(directory, 'a.ts'), source);
  const binary = join(root, 'node_modules/.bin/oxlint');
  const args = ['-c', join(root, '.oxlintrc.json'), '--format=json', 'a.ts'];
  const result = spawnSync(binary, args, { cwd: directory, encoding: 'utf8' });
  const { diagnostics } = JSON.parse(result.stdout) as {
    diagnostics: { code: string; labels: { span: { line: number } }[] }[];
  };
  return diagnostics.map(({ code, labels }) => `${labels[0]?.span.line} ${/\(([^)]+)\)$/.exec(code)?.[1]}`).sort();
}

it('promises of the pool and of kysely that nobody awaits are findings, also behind void', () => {
  const findings = lint(`import type { Kysely } from 'kysely';
import type { Pool } from 'pg';
export function leak(pool: Pool, db: Kysely<{ a: { id: string } }>): void {
  pool.query('select 1');
  db.selectFrom('a').selectAll().execute();
  void pool.query('select 1');
  [1].forEach(async () => { await pool.end(); });
}
`);
  expect(findings).toEqual([
    '4 no-floating-promises',
    '5 no-floating-promises',
    '6 no-floating-promises',
    '7 no-misused-promises',
  ]);
});

it('a switch that forgets a case is a finding', () => {
  const findings = lint(`export function f(status: 'on' | 'off'): number {
  switch (status) {
    case 'on':
      return 1;
  }
  return 0;
}
`);
  expect(findings).toEqual(['2 switch-exhaustiveness-check']);
});

it('any and unexecuted query builders are findings', () => {
  const findings = lint(`import type { Kysely } from 'kysely';
export async function f(db: Kysely<{ a: { id: string } }>, x: any): Promise<void> {
  await db.insertInto('a').values({ id: String(x) });
}
`);
  expect(findings).toEqual(['2 no-explicit-any', '3 await-thenable']);
});
