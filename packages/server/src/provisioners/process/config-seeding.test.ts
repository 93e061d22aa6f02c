import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { canMountSmallDisks, mountSmallDisk } from '@molecule/testkit';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { inOrder, writeConfigs } from './config-seeding.js';

const file = (path: string, content: string | Buffer) => ({ path, content: Buffer.from(content) });

describe('laying files into a configuration folder', () => {
  let configs: string;
  beforeEach(() => {
    configs = mkdtempSync(join(tmpdir(), 'molecule-configs-'));
  });
  afterEach(() => rmSync(configs, { recursive: true, force: true }));

  it('replaces files of the same name, keeps others, and leaves nothing of its own', async () => {
    writeFileSync(join(configs, 'config.yaml'), 'old');
    writeFileSync(join(configs, 'mine.md'), 'mine');
    mkdirSync(join(configs, '.seeding'));
    writeFileSync(join(configs, '.seeding', 'left'), 'by a killed server');
    await writeConfigs(configs, [file('config.yaml', 'new'), file('skills/a/SKILL.md', 'a')]);
    expect(readdirSync(configs).sort()).toEqual(['config.yaml', 'mine.md', 'skills']);
    expect(readFileSync(join(configs, 'config.yaml'), 'utf8')).toBe('new');
    expect(readFileSync(join(configs, 'skills/a/SKILL.md'), 'utf8')).toBe('a');
  });

  it('puts config.yaml in its place last: without it the folder is filled once more', () => {
    const paths = ['a.md', 'config.yaml', 'skills/config.yaml', 'z.md'];
    expect(inOrder(paths.map((path) => file(path, ''))).map(({ path }) => path)).toEqual([
      'a.md',
      'skills/config.yaml',
      'z.md',
      'config.yaml',
    ]);
  });

  it('changes nothing when one of the files cannot be laid', async () => {
    writeFileSync(join(configs, 'config.yaml'), 'old');
    symlinkSync(tmpdir(), join(configs, 'skills'));
    await expect(
      writeConfigs(configs, [file('config.yaml', 'new'), file('notes/n.md', 'n'), file('skills/a.md', 'a')]),
    ).rejects.toMatchObject({ kind: 'rejected' });
    expect(readFileSync(join(configs, 'config.yaml'), 'utf8')).toBe('old');
    expect(readdirSync(configs).sort()).toEqual(['config.yaml', 'skills']);
  });

  it('changes nothing when a folder stands where a file belongs', async () => {
    mkdirSync(join(configs, 'notes.md'));
    writeFileSync(join(configs, 'config.yaml'), 'old');
    const files = [file('a.md', 'a'), file('config.yaml', 'new'), file('notes.md', 'n')];
    await expect(writeConfigs(configs, files)).rejects.toMatchObject({ kind: 'rejected', retryable: false });
    expect(readdirSync(configs).sort()).toEqual(['config.yaml', 'notes.md']);
    expect(readFileSync(join(configs, 'config.yaml'), 'utf8')).toBe('old');
  });

  describe.skipIf(!canMountSmallDisks())('on a disk that fills up', () => {
    it('leaves the folder as it was, and a smaller attempt succeeds', async () => {
      const disk = mountSmallDisk(128 * 1024);
      try {
        await writeConfigs(disk.path, [file('config.yaml', 'old')]);
        const large = [file('a.md', 'a'), file('deep/large.bin', Buffer.alloc(512 * 1024)), file('config.yaml', 'new')];
        await expect(writeConfigs(disk.path, large)).rejects.toMatchObject({ code: 'ENOSPC' });
        expect(readdirSync(disk.path)).toEqual(['config.yaml']);
        expect(readFileSync(join(disk.path, 'config.yaml'), 'utf8')).toBe('old');
        await writeConfigs(disk.path, [file('config.yaml', 'new')]);
        expect(readFileSync(join(disk.path, 'config.yaml'), 'utf8')).toBe('new');
      } finally {
        disk.remove();
      }
    });
  });
});
