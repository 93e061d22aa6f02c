import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

export interface SmallDisk {
  readonly path: string;
  /** Unmounts and deletes the folder. Repeatable. */
  remove(): void;
}

/** A file system of its own with room for `bytes`, so that a test can fill a disk without filling the machine's. */
export function mountSmallDisk(bytes: number): SmallDisk {
  const path = mkdtempSync(join(tmpdir(), 'molecule-disk-'));
  try {
    execFileSync('mount', ['-t', 'tmpfs', '-o', `size=${bytes},mode=0700`, 'tmpfs', path], { stdio: 'pipe' });
  } catch (error) {
    rmSync(path, { recursive: true, force: true });
    throw error;
  }
  let mounted = true;
  return {
    path,
    remove() {
      if (mounted) execFileSync('umount', ['--lazy', path], { stdio: 'pipe' });
      mounted = false;
      rmSync(path, { recursive: true, force: true });
    },
  };
}

/** Mounting takes root and a system that allows it; tests that need a small disk are skipped elsewhere, and counted. */
export function canMountSmallDisks(): boolean {
  if (process.platform !== 'linux' || process.getuid?.() !== 0) return false;
  try {
    mountSmallDisk(64 * 1024).remove();
    return true;
  } catch {
    // A container without the right to mount.
    return false;
  }
}
