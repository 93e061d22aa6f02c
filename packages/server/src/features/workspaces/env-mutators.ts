import { followAbort } from '@molecule/contract/abort';
import { untilAborted } from '../../provisioners/until-aborted.js';

/** Whose environment is being made. */
export interface EnvSubject {
  readonly workspaceId: string;
  readonly name: string;
}

type Env = Readonly<Record<string, string>>;

export interface EnvChange {
  /** Laid over the environment; a name it leaves out stays as it was. */
  readonly set: Env;
  /** Those of them whose values must never be shown. */
  readonly confidential?: readonly string[];
}

/**
 * Adds to the environment of every instance before it starts: the one plug-in point for it (contract lifecycle §4.10
 * step 6). Called for each start and never for an instance that is merely adopted. What it throws ends the start; the
 * cause goes to the log alone (R44).
 */
export interface EnvMutator {
  /** Names it in the log. */
  readonly name: string;
  mutate(subject: EnvSubject, env: Env, signal: AbortSignal): EnvChange | Promise<EnvChange>;
}

/** One of the plug-ins failed. The message names it; only the log gets to see message and cause. */
export class EnvMutatorError extends Error {
  override readonly name = 'EnvMutatorError';
}

/**
 * Runs them in order, each on what the one before it left. Throws {@link EnvMutatorError}, also when all together take
 * longer than `timeoutMs`; when `signal` aborts, its reason.
 */
export async function applyEnvMutators(
  mutators: readonly EnvMutator[],
  subject: EnvSubject,
  derived: Env,
  { signal, timeoutMs }: { readonly signal: AbortSignal; readonly timeoutMs: number },
): Promise<{ readonly env: Env; readonly confidential: readonly string[] }> {
  const ender = new AbortController();
  const unfollow = followAbort(ender, [signal, AbortSignal.timeout(timeoutMs)]);
  let env = derived;
  const confidential: string[] = [];
  try {
    for (const mutator of mutators) {
      const change = await runOne(mutator, subject, env, ender.signal).catch((error: unknown) => {
        if (signal.aborted) throw signal.reason;
        throw new EnvMutatorError(`the environment plug-in "${mutator.name}" failed`, { cause: error });
      });
      env = { ...env, ...change.set };
      confidential.push(...(change.confidential ?? []));
    }
  } finally {
    unfollow();
  }
  return { env, confidential };
}

/** Waits no longer than the signal says, even for a plug-in that does not listen to it. */
async function runOne(mutator: EnvMutator, subject: EnvSubject, env: Env, signal: AbortSignal): Promise<EnvChange> {
  const change = mutator.mutate(subject, env, signal);
  return untilAborted(Promise.resolve(change), signal);
}

const MAIL_DOMAIN = 'agents.moleculesai.app';

/** Commits of an agent carry its name, unless its owner says otherwise (contract lifecycle §4.10 step 3). */
export const gitIdentity: EnvMutator = {
  name: 'git identity',
  mutate({ name, workspaceId }, env) {
    const shown = name.trim();
    if (shown === '') return { set: {} };
    const slug = shown
      .toLowerCase()
      .replace(/[^a-z0-9]+/g, '-')
      .replace(/^-|-$/g, '');
    // A name in another script leaves nothing of itself, and an address needs something before the @.
    const mailbox = slug || `agent-${workspaceId.slice(0, 8)}`;
    const person = `Molecule AI ${shown}`;
    const mail = `${mailbox}@${MAIL_DOMAIN}`;
    const identity = Object.entries({
      GIT_AUTHOR_NAME: person,
      GIT_COMMITTER_NAME: person,
      GIT_AUTHOR_EMAIL: mail,
      GIT_COMMITTER_EMAIL: mail,
    });
    return { set: Object.fromEntries(identity.filter(([key]) => env[key] === undefined)) };
  },
};
