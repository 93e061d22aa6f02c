import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { PostgresStartError } from './errors.js';

/** The operating system user the database runs as. */
export interface Account {
  readonly name: string;
  readonly uid: number;
  readonly gid: number;
}

/** Postgres refuses to run as root. `nobody` exists everywhere; creating a user would change the machine. */
const CANDIDATES = ['postgres', '_postgres', 'nobody'];

export function isRoot(): boolean {
  return process.getuid?.() === 0;
}

/**
 * The unprivileged user root hands the database to. An existing database keeps the user that owns its files, so that
 * starting once as root does not lock that user out.
 */
export function getUnprivilegedAccount(existingOwner: { uid: number; gid: number } | null): Account {
  if (existingOwner !== null && existingOwner.uid !== 0) return { name: `uid ${existingOwner.uid}`, ...existingOwner };
  const accounts = readAccounts();
  for (const name of CANDIDATES) {
    const account = accounts.get(name);
    if (account !== undefined && account.uid !== 0) return account;
  }
  throw new PostgresStartError(
    'no_permission',
    'Postgres refuses to run as root, and this machine has neither a user "postgres" nor a user "nobody".',
    'Start Molecule as an ordinary user, or set DATABASE_URL to a Postgres that already runs.',
  );
}

/** Whether `account` can enter `directory`. Asked of the kernel, so access lists and mount options count as well. */
export function canEnter(account: Account, directory: string): boolean {
  const identity = { uid: account.uid, gid: account.gid, cwd: '/', env: {} };
  return spawnSync('/bin/sh', ['-c', 'cd "$1"', 'sh', directory], { ...identity, stdio: 'ignore' }).status === 0;
}

/** Whether `account` can run the program, with its shared libraries. */
export function canRun(account: Account, program: string): boolean {
  const identity = { uid: account.uid, gid: account.gid, cwd: '/', env: {} };
  return spawnSync(program, ['--version'], { ...identity, stdio: 'ignore' }).status === 0;
}

function readAccounts(): Map<string, Account> {
  const accounts = new Map<string, Account>();
  for (const line of readFileSync('/etc/passwd', 'utf8').split('\n')) {
    const [name, , uid, gid] = line.split(':');
    if (name === undefined || uid === undefined || gid === undefined) continue;
    accounts.set(name, { name, uid: Number(uid), gid: Number(gid) });
  }
  return accounts;
}
