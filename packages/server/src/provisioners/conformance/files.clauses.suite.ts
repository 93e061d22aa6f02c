import { FILE_BYTES_MAX } from '@molecule/contract';
import { expect } from 'vitest';
import { etagOf, type FileAccess, type FilePlace, type FileTarget } from '../files.js';
import { type ConfigFile, DriverError } from '../provisioner.js';
import { type Clause, type Subject, specOf } from './provisioner.suite.js';

const never = new AbortController().signal;
const { workspaceId: A } = specOf(1);
const always = (): boolean => true;
const initial = (): Promise<readonly ConfigFile[]> => specOf(1).composeConfig({ provisionedAt: null });

const targetOf = (place: FilePlace): FileTarget => ({ workspaceId: A, place, workspaceDir: null });

function filesOf({ provisioner }: Subject): FileAccess {
  const { files } = provisioner;
  if (files === null) throw new Error('This clause is for backends that keep files.');
  return files;
}

const write = (
  subject: Subject,
  path: string,
  content: string | Buffer,
  allows: (etag: string | null) => boolean = always,
) =>
  filesOf(subject).write(A, {
    files: [{ path, content: Buffer.from(content) }],
    allows,
    initial,
    completesConfig: false,
  });

const remove = (subject: Subject, path: string, allows: (etag: string | null) => boolean = always) =>
  filesOf(subject).remove(A, { path, allows, initial });

async function textOf(subject: Subject, path: string, place: FilePlace = 'configs'): Promise<string | null> {
  const reading = await filesOf(subject).read(targetOf(place), path);
  return reading.kind === 'found' ? reading.content.toString('latin1') : null;
}

async function pathsIn(subject: Subject, place: FilePlace, folder: string | null, depth: number): Promise<string[]> {
  const listing = await filesOf(subject).list(targetOf(place), folder, depth);
  return listing.kind === 'found'
    ? listing.entries.map(({ path, kind }) => (kind === 'folder' ? `${path}/` : path))
    : [];
}

async function refused(call: Promise<unknown>): Promise<void> {
  const error = await call.then(
    () => null,
    (reason: unknown) => reason,
  );
  expect(error).toBeInstanceOf(DriverError);
  expect(error).toMatchObject({ kind: 'rejected' });
}

/** What holds for the files of every backend that keeps any. */
export const FILE_CLAUSES: readonly Clause[] = [
  {
    id: 'files-round-trip',
    guarantee:
      'R31: what was written is read back byte for byte, while the instance runs, after it stopped, and after it started again',
    appliesTo: 'files',
    async check(subject) {
      const { provisioner } = subject;
      await provisioner.ensure(specOf(1), null, never);
      const bytes = Buffer.from([0, 255, 10, 13, 128, 0xef, 0xbb, 0xbf, 65]);
      const contents = new Map([
        ['skills/deep/er/notes.md', Buffer.from('Grüße\r\n')],
        ['empty', Buffer.alloc(0)],
        ['logo.bin', bytes],
      ]);
      for (const [path, content] of contents) {
        expect(await write(subject, path, content)).toMatchObject({ kind: 'written', etags: [etagOf(content)] });
      }
      const check = async () => {
        for (const [path, content] of contents) expect(await textOf(subject, path)).toBe(content.toString('latin1'));
      };
      await check();
      await provisioner.stop({ workspaceId: A, generation: 1, record: null }, never);
      await check();
      await provisioner.ensure(specOf(2), null, never);
      await check();
      expect(await subject.readConfig(A, 'skills/deep/er/notes.md')).toBe('Grüße\r\n');
    },
  },
  {
    id: 'files-before-start',
    guarantee:
      'before a start has laid anything nothing is kept, the first write lays what a start would have, and a start leaves both',
    appliesTo: 'files',
    async check(subject) {
      const { provisioner } = subject;
      const failing = async (): Promise<never> => {
        throw new Error('no such template');
      };
      await expect(provisioner.ensure(specOf(1, { composeConfig: failing }), null, never)).rejects.toThrow();
      expect(await filesOf(subject).read(targetOf('configs'), 'config.yaml')).toEqual({ kind: 'absent' });
      expect(await filesOf(subject).list(targetOf('configs'), null, 1)).toEqual({ kind: 'absent' });
      expect(await write(subject, 'notes.md', 'mine')).toMatchObject({ kind: 'written', laidInitial: true });
      expect(await write(subject, 'more.md', 'mine')).toMatchObject({ kind: 'written', laidInitial: false });
      expect(await pathsIn(subject, 'configs', null, 1)).toEqual(['config.yaml', 'more.md', 'notes.md']);
      expect(await provisioner.list()).toMatchObject([{ workspaceId: A, running: false }]);
      const other = [{ path: 'notes.md', content: Buffer.from('of the template') }];
      const composeConfig = async () => [...(await specOf(2).composeConfig({ provisionedAt: null })), ...other];
      await provisioner.ensure(specOf(2, { composeConfig }), null, never);
      expect(await textOf(subject, 'config.yaml')).toBe('generation: 1\n');
      expect(await textOf(subject, 'notes.md')).toBe('mine');
    },
  },
  {
    id: 'files-lost-edit',
    guarantee: 'a change that was made for another version than the one there changes nothing',
    appliesTo: 'files',
    async check(subject) {
      await subject.provisioner.ensure(specOf(1), null, never);
      await write(subject, 'a.md', 'one');
      const seen = etagOf(Buffer.from('one'));
      expect(await write(subject, 'a.md', 'two', (etag) => etag === seen)).toMatchObject({ kind: 'written' });
      expect(await write(subject, 'a.md', 'lost', (etag) => etag === seen)).toEqual({ kind: 'changed' });
      expect(await remove(subject, 'a.md', (etag) => etag === seen)).toEqual({ kind: 'changed' });
      expect(await textOf(subject, 'a.md')).toBe('two');
      expect(await write(subject, 'new.md', 'x', (etag) => etag === null)).toMatchObject({ kind: 'written' });
      expect(await write(subject, 'new.md', 'y', (etag) => etag === null)).toEqual({ kind: 'changed' });
    },
  },
  {
    id: 'files-one-winner',
    guarantee: 'of several writers who have seen the same version one wins, and the others are told',
    appliesTo: 'files',
    async check(subject) {
      await subject.provisioner.ensure(specOf(1), null, never);
      const writers = ['a', 'b', 'c', 'd', 'e'].map((text) => write(subject, 'race.md', text, (etag) => etag === null));
      const kinds = (await Promise.all(writers)).map(({ kind }) => kind).sort();
      expect(kinds).toEqual(['changed', 'changed', 'changed', 'changed', 'written']);
    },
  },
  {
    id: 'files-stay-inside',
    guarantee:
      'D2: a path that is not a plain relative one is refused by every verb, and one with quotes is only a name',
    appliesTo: 'files',
    async check(subject) {
      await subject.provisioner.ensure(specOf(1), null, never);
      const files = filesOf(subject);
      for (const path of ['', '.', '..', '/etc/passwd', '../run/instance.json', 'a/../../b', 'a//b', 'a\0b', 'a\\b']) {
        await refused(files.read(targetOf('configs'), path));
        await refused(files.list(targetOf('configs'), path, 1));
        await refused(write(subject, path, 'x'));
        await refused(remove(subject, path));
      }
      const odd = `it's; $(touch gone) "x" | y.md`;
      await write(subject, odd, 'odd');
      expect(await textOf(subject, odd)).toBe('odd');
      expect(await pathsIn(subject, 'configs', null, 1)).toEqual(['config.yaml', odd]);
    },
  },
  {
    id: 'files-hide-credentials',
    guarantee: 'the token of the agent is neither shown, read, replaced nor deleted',
    appliesTo: 'files',
    async check(subject) {
      await subject.provisioner.ensure(specOf(1), null, never);
      const before = await subject.readConfig(A, '.auth_token');
      expect(before).toBe('token-of-generation-1');
      const files = filesOf(subject);
      for (const path of ['.auth_token', '.AUTH_token', '.platform_inbound_secret']) {
        await refused(files.read(targetOf('configs'), path));
        await refused(write(subject, path, 'mine'));
        await refused(remove(subject, path));
      }
      expect(await pathsIn(subject, 'configs', null, 5)).toEqual(['config.yaml']);
      expect(await subject.readConfig(A, '.auth_token')).toBe(before);
    },
  },
  {
    id: 'files-delete',
    guarantee: 'D1: a deleted file is gone, a folder with all it holds, and deleting what is not there says so',
    appliesTo: 'files',
    async check(subject) {
      await subject.provisioner.ensure(specOf(1), null, never);
      for (const path of ['a.md', 'b/c.md', 'b/d/e.md']) await write(subject, path, 'x');
      expect(await remove(subject, 'a.md')).toMatchObject({ kind: 'removed' });
      expect(await filesOf(subject).read(targetOf('configs'), 'a.md')).toEqual({ kind: 'not_found' });
      expect(await remove(subject, 'a.md')).toEqual({ kind: 'not_found' });
      expect(await remove(subject, 'b')).toMatchObject({ kind: 'removed' });
      expect(await pathsIn(subject, 'configs', null, 5)).toEqual(['config.yaml']);
    },
  },
  {
    id: 'files-are-bounded',
    guarantee: 'a file beyond the limit is neither written nor read',
    appliesTo: 'files',
    async check(subject) {
      await subject.provisioner.ensure(specOf(1), null, never);
      await write(subject, 'a.md', 'kept');
      const big = Buffer.alloc(FILE_BYTES_MAX + 1);
      await refused(write(subject, 'a.md', big));
      expect(await textOf(subject, 'a.md')).toBe('kept');
      await subject.plantFile(A, 'configs', 'big.bin', big);
      expect(await filesOf(subject).read(targetOf('configs'), 'big.bin')).toEqual({ kind: 'too_large' });
    },
  },
  {
    id: 'files-places',
    guarantee: 'each place shows its own files, in as many levels as asked for, without what nobody wants to see',
    appliesTo: 'files',
    async check(subject) {
      await subject.provisioner.ensure(specOf(1), null, never);
      await subject.plantFile(A, 'workspace', 'src/main.py', Buffer.from('print'));
      await subject.plantFile(A, 'workspace', 'src/__pycache__/main.pyc', Buffer.from('x'));
      await subject.plantFile(A, 'workspace', 'node_modules/x/index.js', Buffer.from('x'));
      await subject.plantFile(A, 'workspace', '.git/config', Buffer.from('x'));
      await subject.plantFile(A, 'home', '.profile', Buffer.from('home'));
      await write(subject, 'plugins/p/rules/a.md', 'rule');
      expect(await pathsIn(subject, 'workspace', null, 1)).toEqual(['src/']);
      expect(await pathsIn(subject, 'workspace', null, 5)).toEqual(['src/', 'src/main.py']);
      expect(await pathsIn(subject, 'workspace', 'src', 1)).toEqual(['main.py']);
      expect(await textOf(subject, 'src/main.py', 'workspace')).toBe('print');
      expect(await textOf(subject, '.profile', 'home')).toBe('home');
      expect(await textOf(subject, 'p/rules/a.md', 'plugins')).toBe('rule');
      expect(await textOf(subject, 'src/main.py')).toBeNull();
    },
  },
  {
    id: 'files-complete-config',
    guarantee: 'a bulk write gives a folder without a config.yaml one, and leaves everything it was not told about',
    appliesTo: 'files',
    async check(subject) {
      await subject.provisioner.ensure(specOf(1), null, never);
      await write(subject, 'kept.md', 'kept');
      await remove(subject, 'config.yaml');
      const files = [{ path: 'a.md', content: Buffer.from('a') }];
      await filesOf(subject).write(A, { files, allows: always, initial, completesConfig: true });
      expect(await pathsIn(subject, 'configs', null, 1)).toEqual(['a.md', 'config.yaml', 'kept.md']);
      await write(subject, 'config.yaml', 'mine');
      await filesOf(subject).write(A, { files, allows: always, initial, completesConfig: true });
      expect(await textOf(subject, 'config.yaml')).toBe('mine');
    },
  },
  {
    id: 'files-go-with-destroy',
    guarantee: 'after destroy nothing of the files is left',
    appliesTo: 'files',
    async check(subject) {
      await write(subject, 'a.md', 'x');
      await subject.provisioner.destroy({ workspaceId: A, generation: 1, record: null }, never);
      expect(await filesOf(subject).read(targetOf('configs'), 'a.md')).toEqual({ kind: 'absent' });
      expect(await subject.provisioner.list()).toEqual([]);
    },
  },
  {
    id: 'session-reset',
    guarantee: 'an agent is asked to forget its conversations when the start says so, and only then',
    appliesTo: 'running',
    async check(subject) {
      await subject.provisioner.ensure(specOf(1), null, never);
      expect(await subject.wasAskedToForget(A)).toBe(false);
      await subject.provisioner.ensure(specOf(2, { resetSession: true }), null, never);
      expect(await subject.wasAskedToForget(A)).toBe(true);
    },
  },
];
