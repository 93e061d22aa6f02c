import type { RuntimePackage } from './runtime-packages.js';

/** Why an install failed, in one sentence about the cause and one about the remedy. */
export class InstallError extends Error {
  override readonly name = 'InstallError';
  /** The end of what npm said, for the log of the server: it may name folders and addresses. */
  readonly output: string;

  constructor(pkg: RuntimePackage, because: string, remedy: string, output = '') {
    super(`Cannot install ${pkg.runtime} ${pkg.version}: ${because}. ${remedy}, then restart the agent.`);
    this.output = output;
  }
}

const UNREACHABLE: ReadonlySet<string> = new Set([
  'ENOTFOUND',
  'EAI_AGAIN',
  'ECONNREFUSED',
  'ECONNRESET',
  'ETIMEDOUT',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'ERR_SOCKET_TIMEOUT',
  'FETCH_ERROR',
]);

/** What npm's own last words mean. */
export function explainNpm(pkg: RuntimePackage, exit: string, output: string): InstallError {
  const code = /npm (?:error|ERR!) code (\S+)/.exec(output)?.[1] ?? '';
  const wanted = `${pkg.package}@${pkg.version}`;
  if (code === 'ENOSPC' || output.includes('ENOSPC')) return noSpace(pkg, output);
  if (UNREACHABLE.has(code)) {
    return new InstallError(
      pkg,
      `the npm registry could not be reached (${code})`,
      `Check the network of the server and its npm proxy and registry settings with \`npm view ${wanted}\``,
      output,
    );
  }
  if (code === 'E404' || code === 'ETARGET') {
    return new InstallError(
      pkg,
      `the npm registry of this server does not have ${wanted} (${code})`,
      `Make it available there, or set npm's registry to one that has it (\`npm view ${wanted}\` tells)`,
      output,
    );
  }
  const how = code === '' ? `npm ${exit}` : `npm failed with ${code}`;
  const remedy = `The server's log has its output; \`npm view ${wanted}\` shows whether npm works here`;
  return new InstallError(pkg, how, remedy, output);
}

export function noSpace(pkg: RuntimePackage, output = ''): InstallError {
  const needed = pkg.diskMb + pkg.downloadMb;
  return new InstallError(
    pkg,
    `the disk of the data directory is full; about ${needed} MB are needed`,
    'Free some space',
    output,
  );
}
