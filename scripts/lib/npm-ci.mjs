import { Refusal } from './refusal.mjs';
import { ROOT } from './root.mjs';
import { run, runNode } from './run.mjs';

/** A slow network is not a hang: say so now and then. */
const PROGRESS_MS = 20_000;

/** What npm prints, what that means, what to do. */
const FAILURES = [
  [
    /EACCES|EPERM|EROFS/,
    `it may not write ${ROOT}`,
    'Run npm start as the user that owns this folder, or clone Molecule into a folder you may write.',
  ],
  [/ENOSPC/, 'the disk is full', 'Free about 1 GB and start again.'],
  [
    /ENOTFOUND|EAI_AGAIN|ECONNREFUSED|ECONNRESET|ETIMEDOUT|ENETUNREACH|ERR_SOCKET_TIMEOUT/,
    'the package registry cannot be reached',
    'Check the network connection and, behind a proxy, npm config get proxy; then start again.',
  ],
  [
    /EUSAGE|can only install packages when/,
    'package-lock.json does not fit the package.json files',
    'Restore them with git checkout, or run npm install if you changed a dependency.',
  ],
  [/EINTEGRITY/, 'a package is damaged', 'Run npm cache clean --force and start again.'],
];

/** Installs exactly what package-lock.json says. Throws a Refusal that names the reason and the remedy. */
export async function npmCi(log) {
  // Build tools are development dependencies: NODE_ENV=production or an `omit` in .npmrc must not leave them out.
  // No package needs its install script; the ones of Postgres are replaced by the server.
  const flags = ['--include=dev', '--include=optional', '--ignore-scripts', '--no-audit', '--no-fund'];
  const args = ['ci', ...flags, '--loglevel=error'];
  const npm = process.env.npm_execpath;
  let result;
  let seconds = 0;
  const progress = setInterval(() => {
    seconds += PROGRESS_MS / 1_000;
    log(`Still installing (${seconds} s).`);
  }, PROGRESS_MS);
  try {
    result = npm?.endsWith('.js') ? await runNode([npm, ...args]) : await run('npm', args);
  } catch (cause) {
    const help = 'Install Node with npm from https://nodejs.org.';
    throw new Refusal('Cannot run npm: it was not found on the PATH.', help, { cause });
  } finally {
    clearInterval(progress);
  }
  if (result.code !== 0) throw toInstallRefusal(result);
}

/** `result` is what `run` answered. */
export function toInstallRefusal({ output, signal }) {
  const found = FAILURES.find(([pattern]) => pattern.test(output));
  const reason = found?.[1] ?? (signal === null ? 'npm ci failed' : `npm ci was ended by ${signal}`);
  const help = found?.[2] ?? 'Run npm ci in this folder to see the whole output.';
  // npm prints its own stack and, behind the reason, the manual of the command.
  const [said = ''] = output.split(/^npm error (?:Clean install|Usage)/m);
  const lines = said.split('\n').filter((line) => !/^npm error *(?:at .*)?$/.test(line));
  return new Refusal(
    `Cannot install the dependencies: ${reason}.`,
    `${lines.slice(0, 10).join('\n').trimEnd()}\n${help}`,
  );
}
