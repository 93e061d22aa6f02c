import { rm } from 'node:fs/promises';
import { PostgresStartError } from './errors.js';
import { endPostmaster, type Postmaster } from './postmaster.js';
import { findPostmasterFile, type PostmasterFile, postmasterFilePath } from './postmaster-file.js';
import { type ProbeAnswer, probe } from './probe.js';
import { isPostmasterOf } from './process-identity.js';
import { waitUntil } from './wait.js';

export interface AdoptOptions {
  readonly data: string;
  readonly password: string;
  readonly log: (line: string) => void;
  /** How long a postmaster that is up but not yet answering may take; separate for `busy`. */
  readonly silentMs?: number;
  readonly busyMs?: number;
}

/**
 * Finds the postmaster that a killed server left behind. One that answers with our password is taken over. One that
 * does not is ended, so that a new one can be started; a `postmaster.pid` that names some other process is removed
 * (Postgres itself would take that process for a postmaster and refuse to start). Null: the field is clear.
 */
export async function adoptPostmaster(options: AdoptOptions): Promise<Postmaster | null> {
  const { data, log } = options;
  const file = await findPostmasterFile(data);
  if (file === null || !isPostmasterOf(file.pid, data)) {
    await rm(postmasterFilePath(data), { force: true });
    return null;
  }
  const postmaster = await waitForAnswer(file, options);
  if (postmaster !== null) {
    log(`The database was still running (pid ${postmaster.pid}); using it.`);
    return postmaster;
  }
  if (!isPostmasterOf(file.pid, data)) return null;
  log(`The database (pid ${file.pid}) runs but does not answer; ending it.`);
  if (await endPostmaster({ data, pid: file.pid }, 'SIGQUIT', 10_000)) return null;
  throw new PostgresStartError(
    'start_failed',
    `A Postgres (pid ${file.pid}) already runs on ${data}; it neither answers with our password nor ends.`,
    `End it with: kill -KILL ${file.pid} — and start again.`,
  );
}

async function waitForAnswer(found: PostmasterFile, options: AdoptOptions): Promise<Postmaster | null> {
  const { data, password, silentMs = 5_000, busyMs = 60_000 } = options;
  let port: number | null = null;
  let answer: ProbeAnswer = 'silent';
  const look = async () => {
    // Read again each time: a postmaster writes its port after its pid.
    port = (await findPostmasterFile(data))?.port ?? null;
    answer = port === null ? 'silent' : await probe(port, password);
    return answer === 'answers' || answer === 'wrong_password' || !isPostmasterOf(found.pid, data);
  };
  await waitUntil(look, silentMs, 50);
  if (isBusy(answer)) await waitUntil(look, busyMs, 100);
  return isAnswering(answer) && port !== null ? { data, pid: found.pid, port } : null;
}

// The answer changes inside a closure, which the compiler's narrowing does not see.
const isBusy = (answer: ProbeAnswer) => answer === 'busy';
const isAnswering = (answer: ProbeAnswer) => answer === 'answers';
