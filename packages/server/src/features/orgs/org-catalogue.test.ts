import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createSystemClock } from '../../platform/clock.js';
import { createLogger } from '../../platform/logger.js';
import { createRandom } from '../../platform/random.js';
import { createTemplates } from '../templates/index.js';
import { createOrgCatalogue } from './org-catalogue.js';

describe('the log of org templates', () => {
  let folder: string;
  let lines: Record<string, unknown>[];
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'molecule-orgs-'));
    lines = [];
  });
  afterEach(() => rmSync(folder, { recursive: true }));

  const write = (path: string, content: string): void => {
    mkdirSync(join(folder, path, '..'), { recursive: true });
    writeFileSync(join(folder, path), content);
  };
  const open = () => {
    const destination = { write: (line: string) => void lines.push(JSON.parse(line)) };
    const logger = createLogger({ level: 'warn', destination });
    const none = join(folder, 'none');
    const clock = createSystemClock();
    const random = createRandom();
    const templates = createTemplates({
      logger,
      clock,
      random,
      userFolder: null,
      ownFolder: none,
      builtInFolder: none,
    });
    return createOrgCatalogue({ logger, folders: [folder], templates, secrets: { checkNames: () => {} } });
  };

  it('R29: names the broken org, the place and the reason, and every other one stays listed', async () => {
    write('good/org.yaml', 'name: Good\nworkspaces: [{ name: A }]\n');
    write('syntax/org.yaml', 'name: ok\nworkspaces: [\n');
    write('meaning/org.yaml', 'name: ok\nworkspaces:\n  - { role: nameless }\n');
    write('half/.git/HEAD', 'ref: refs/heads/main\n');
    const catalogue = open();
    for (let look = 0; look < 3; look += 1) {
      expect((await catalogue.list()).map(({ dir }) => dir)).toEqual(['good']);
    }
    expect(new Set(lines.map(({ template }) => template))).toEqual(new Set(['half', 'meaning', 'syntax']));
    expect(lines).toHaveLength(3);
    const problemOf = (template: string) => lines.find((line) => line.template === template)?.problem;
    expect(problemOf('syntax')).toMatch(/^org\.yaml:\d+: ./);
    expect(problemOf('meaning')).toMatch(/^org\.yaml:3: ./);
    expect(problemOf('half')).toContain('git clone without org.yaml');
    expect(lines[0]).toMatchObject({ level: 'warn', msg: 'org template cannot be used' });
  });
});
