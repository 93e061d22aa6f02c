import { createHash } from 'node:crypto';
import { cleanFilePath, FILE_BYTES_MAX } from '@molecule/contract';
import { type ConfigFile, PROVISIONED_FILE } from './provisioner.js';

/**
 * The files of workspaces as a backend keeps them: the optional `files` part of the driver port (contract lifecycle §6).
 * They outlive instances, so nothing here needs one to run. No verb ever follows a link.
 */
export interface FileAccess {
  /** Sorted by path. Of more than `ENTRIES_MAX` entries the rest is left out. Throws DriverError. */
  list(target: FileTarget, folder: string | null, depth: number): Promise<FileListing>;
  /** Throws DriverError. */
  read(target: FileTarget, path: string): Promise<FileReading>;
  /**
   * Writes into the configuration folder, each file as a whole or not at all, in the order given. Where nothing is kept
   * yet, `initial` is laid first: otherwise the next start would find a folder with one file for a complete one, or lay its
   * own over it. Throws DriverError; `rejected` says in its message why a file cannot be written.
   */
  write(workspaceId: string, request: FileWriting): Promise<FileWritten>;
  /** Deletes a file, a link or a folder with all it holds from the configuration folder. Throws DriverError. */
  remove(workspaceId: string, request: FileRemoval): Promise<FileRemoved>;
}

export type FilePlace = 'configs' | 'workspace' | 'home' | 'plugins';

export interface FileTarget {
  readonly workspaceId: string;
  readonly place: FilePlace;
  /** As in the instance spec: the owner's own folder in place of the one the driver keeps. */
  readonly workspaceDir: string | null;
}

export interface FileStat {
  /** Relative to the folder that was listed. */
  readonly path: string;
  readonly size: number;
  readonly kind: 'file' | 'folder' | 'link';
  readonly modifiedMs: number;
}

/** `absent`: nothing of the workspace is kept, as before its first start. */
export type FileListing =
  | { readonly kind: 'found'; readonly entries: readonly FileStat[]; readonly isCut: boolean }
  | { readonly kind: 'absent' | 'not_found' };

export type FileReading =
  | { readonly kind: 'found'; readonly content: Buffer; readonly etag: string }
  | { readonly kind: 'absent' | 'not_found' | 'too_large' };

interface Change {
  /**
   * Whether the change may be made to what is there, told by its etag; null: nothing is. Asked under the same lock as the
   * change itself, so that of two writers who read the same version one is refused.
   */
  readonly allows: (etag: string | null) => boolean;
  /** What a first start would lay. Called at most once, before anything is changed. */
  readonly initial: () => Promise<readonly ConfigFile[]>;
}

export interface FileWriting extends Change {
  readonly files: readonly { readonly path: string; readonly content: Buffer }[];
  /** Also write `config.yaml` of `initial` when there is none and none is sent (contract lifecycle §6.3). */
  readonly completesConfig: boolean;
}

export interface FileRemoval extends Change {
  readonly path: string;
}

/** `laidInitial`: the folder got its first files by this call. */
export type FileWritten =
  | {
      readonly kind: 'written';
      readonly etags: readonly string[];
      readonly laidInitial: boolean;
      readonly source: 'container' | 'volume';
    }
  | { readonly kind: 'changed' };

export type FileRemoved =
  | { readonly kind: 'removed'; readonly laidInitial: boolean }
  | { readonly kind: 'not_found' | 'changed' };

export const ENTRIES_MAX = 5_000;
/** Left out of listings, not out of reach (contract lifecycle §6.3). */
export const UNLISTED: ReadonlySet<string> = new Set(['.git', '__pycache__', 'node_modules', '.DS_Store']);
export const CONFIG_FILE = 'config.yaml';
/** The name under which a file is written before it takes its place. */
export const TEMPORARY_NAME = '.molecule.writing';

/** What an agent speaks to the platform with, and the platform to it; and the mark of the driver. */
const OWN_NAMES: readonly string[] = ['.auth_token', '.platform_inbound_secret', PROVISIONED_FILE];

/** Whether a path of a place is one that the server keeps for itself: neither shown, read, written nor deleted. */
export function isReserved(place: FilePlace, path: string): boolean {
  const names = path.split('/').map(toComparable);
  if (names.includes(TEMPORARY_NAME)) return true;
  return place === 'configs' && OWN_NAMES.includes(names[0] ?? '');
}

/** As file systems that ignore case, composition or invisible characters see a name. */
function toComparable(name: string): string {
  return name
    .normalize('NFKC')
    .replaceAll(/\p{Cf}/gu, '')
    .toLowerCase();
}

/** True for paths a driver may be asked about; callers refuse others before. */
export function isUsablePath(place: FilePlace, path: string): boolean {
  return cleanFilePath(path) === path && !isReserved(place, path);
}

/** Changes with the content and with nothing else, so that what was read and what is written can be compared. */
export function etagOf(content: Buffer): string {
  return createHash('sha256').update(content).digest('hex').slice(0, 32);
}

export function isTooLarge(bytes: number): boolean {
  return bytes > FILE_BYTES_MAX;
}
