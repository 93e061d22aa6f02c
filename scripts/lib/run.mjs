import { spawn } from 'node:child_process';
import { ROOT } from './root.mjs';

/**
 * Runs a Node program quietly and resolves to `{ code, output }`, both streams together in the order they came.
 * Nothing goes through a shell.
 */
export function runNode(args, { env = process.env } = {}) {
  return run(process.execPath, args, { env });
}

export function run(command, args, { env = process.env, cwd = ROOT } = {}) {
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, { cwd, env, stdio: ['ignore', 'pipe', 'pipe'] });
    const chunks = [];
    child.stdout.on('data', (chunk) => chunks.push(chunk));
    child.stderr.on('data', (chunk) => chunks.push(chunk));
    child.once('error', reject);
    child.once('close', (code, signal) => {
      resolve({ code: code ?? 1, signal, output: Buffer.concat(chunks).toString('utf8') });
    });
  });
}

/** The end of a long output, where the reason is. */
export function tail(output, lines) {
  return output.trimEnd().split('\n').slice(-lines).join('\n');
}
