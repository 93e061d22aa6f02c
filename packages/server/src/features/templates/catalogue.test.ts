import { mkdirSync, mkdtempSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createLogger } from '../../platform/logger.js';
import { createCatalogue } from './catalogue.js';

describe('the log of workspace templates', () => {
  let folder: string;
  let lines: Record<string, unknown>[];
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'molecule-templates-'));
    lines = [];
  });
  afterEach(() => rmSync(folder, { recursive: true }));

  const write = (id: string, config: string): void => {
    mkdirSync(join(folder, id), { recursive: true });
    writeFileSync(join(folder, id, 'config.yaml'), config);
  };
  const open = () => {
    const destination = { write: (line: string) => void lines.push(JSON.parse(line)) };
    return createCatalogue({ logger: createLogger({ level: 'warn', destination }), folders: [folder] });
  };

  it('R29: names the broken template, the place and the reason, and every other one stays usable', () => {
    write('good', 'name: Good\n');
    write('broken', 'name: ok\nskills: [a\nruntime: llm\n');
    write('wrong', 'tier: high\n');
    expect(
      open()
        .list()
        .map(({ id }) => id),
    ).toEqual(['good']);
    expect(lines).toHaveLength(2);
    expect(lines[0]).toMatchObject({
      level: 'warn',
      msg: 'workspace template cannot be used',
      template: 'broken',
      folder: join(folder, 'broken'),
      file: 'config.yaml',
      line: 3,
      reason: expect.stringMatching(/./),
    });
    expect(lines[1]).toMatchObject({ template: 'wrong', line: 1, reason: 'tier must be a whole number' });
  });

  it('R29: is written once per state, however often templates are listed', () => {
    write('broken', 'name: [\n');
    const catalogue = open();
    for (let look = 0; look < 3; look += 1) catalogue.list();
    expect(lines).toHaveLength(1);
    write('broken', 'tier: high\n');
    for (let look = 0; look < 3; look += 1) catalogue.list();
    expect(lines.map(({ template }) => template)).toEqual(['broken', 'broken']);
    write('broken', 'name: Mended\n');
    // Whatever the resolution of the file system's times, the file is a newer one.
    utimesSync(join(folder, 'broken', 'config.yaml'), new Date(), new Date(Date.now() + 10_000));
    expect(catalogue.list()).toHaveLength(1);
    expect(lines).toHaveLength(2);
  });
});
