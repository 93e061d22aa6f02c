import { spawn } from 'node:child_process';
import { RefusedError } from '../../command.js';

/**
 * Runs the editor on a file and waits for it. An argument vector, never a shell: words of the variable are split at spaces.
 * Ctrl-C is a key of the editor, which shares the terminal: it ends the edit only when the editor says so.
 * Throws a RefusedError when it cannot be run or says that it failed.
 */
export async function runEditor(editor: readonly string[], file: string): Promise<void> {
  const [program = 'vi', ...args] = editor;
  const end = await new Promise<{ readonly code: number | null; readonly why: string | null }>((resolve) => {
    const child = spawn(program, [...args, file], { stdio: 'inherit' });
    child.once('error', (error) => {
      const code = 'code' in error ? String(error.code) : error.message;
      resolve({ code: null, why: `the editor "${program}" cannot be run (${code})` });
    });
    child.once('exit', (code) => resolve({ code, why: null }));
  });
  if (end.code === 0) return;
  throw new RefusedError(end.why ?? `the editor ended with code ${end.code ?? 'unknown'}; nothing was saved`, {
    help: 'Set EDITOR to the editor you use, like EDITOR="nano".',
  });
}
