import { type FileHandle, open, rename, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';

/**
 * Replaces a file in one step that survives a crash: readers see the old content or the new, never a part.
 * Repeatable.
 */
export async function replaceFile(path: string, content: string, mode = 0o600): Promise<void> {
  const temporary = `${path}.tmp`;
  await writeFile(temporary, content, { mode, flush: true });
  await rename(temporary, path);
  await syncDirectory(dirname(path));
}

async function syncDirectory(path: string): Promise<void> {
  const directory = await open(path, 'r');
  try {
    await directory.sync();
  } finally {
    await directory.close();
  }
}

export interface AppendFile {
  /** Resolves once the lines are on disk. Calls made while a write is in flight share the next one. */
  append(line: string): Promise<void>;
  /** Replaces the whole content, in order with the appends around it. */
  rewrite(content: () => string): Promise<void>;
  /** Waits for everything handed in, then closes. */
  close(): Promise<void>;
}

type Step =
  | { readonly kind: 'append'; readonly line: string; settle(error: Error | null): void }
  | { readonly kind: 'rewrite'; readonly content: () => string; settle(error: Error | null): void };

/** Group commit: one write and one fdatasync for everything that arrived meanwhile. */
export async function openAppendFile(path: string): Promise<AppendFile> {
  let handle: FileHandle = await open(path, 'a', 0o600);
  let queue: Step[] = [];
  let working: Promise<void> | null = null;

  async function perform(steps: readonly Step[]): Promise<void> {
    const lines = steps.flatMap((step) => (step.kind === 'append' ? [step.line] : []));
    if (lines.length > 0) {
      await handle.appendFile(lines.join(''));
      await handle.datasync();
    }
    const last = steps.findLast((step) => step.kind === 'rewrite');
    if (last) {
      await replaceFile(path, last.content());
      await handle.close();
      handle = await open(path, 'a', 0o600);
    }
  }

  async function work(): Promise<void> {
    while (queue.length > 0) {
      const steps = queue;
      queue = [];
      let failure: Error | null = null;
      try {
        await perform(steps);
      } catch (error) {
        failure = error instanceof Error ? error : new Error(String(error));
      }
      for (const step of steps) step.settle(failure);
    }
    working = null;
  }

  const add = (make: (settle: Step['settle']) => Step) =>
    new Promise<void>((resolve, reject) => {
      queue.push(make((error) => (error ? reject(error) : resolve())));
      working ??= work();
    });

  return {
    append: (line) => add((settle) => ({ kind: 'append', line, settle })),
    rewrite: (content) => add((settle) => ({ kind: 'rewrite', content, settle })),
    async close() {
      await working;
      await handle.close();
    },
  };
}
