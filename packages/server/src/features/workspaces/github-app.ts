import { createPrivateKey, type KeyObject } from 'node:crypto';
import { SignJWT } from 'jose';
import type { Clock } from '../../platform/clock.js';
import type { EnvMutator } from './env-mutators.js';

export interface GithubApp {
  readonly appId: string;
  readonly installationId: string;
  /** RSA, in PEM. */
  readonly privateKey: string;
  readonly apiUrl: string;
}

interface InstallationToken {
  readonly token: string;
  readonly expiresAtMs: number;
}

/** What GitHub allows is ten minutes; a clock that is a minute ahead must not spoil the request. */
const ASSERTION_SECONDS = 540;
const CLOCK_SKEW_SECONDS = 60;
/** A token that an agent gets works for at least this long. */
const LEFT_MS = 30 * 60_000;
const ASK_MS = 15_000;

/**
 * Gives every instance a token of a GitHub App installation as GITHUB_TOKEN and GH_TOKEN, unless its owner has set one
 * (contract lifecycle §4.10 step 6, where it comes last). Instances that start within the same half hour share one. It
 * lives for an hour at most and is not renewed while the instance runs: the next start brings another.
 */
export function githubAppToken(app: GithubApp, clock: Pick<Clock, 'now'>): EnvMutator {
  const key = createPrivateKey(app.privateKey);
  let held: InstallationToken | null = null;
  let asking: Promise<InstallationToken> | null = null;

  async function findToken(): Promise<string> {
    if (held !== null && held.expiresAtMs - clock.now().getTime() > LEFT_MS) return held.token;
    // One question for all that start now, which goes on when one of them is called off.
    asking ??= requestToken(app, key, clock).finally(() => {
      asking = null;
    });
    held = await asking;
    return held.token;
  }

  return {
    name: 'GitHub App token',
    async mutate(_subject, env) {
      const missing = ['GITHUB_TOKEN', 'GH_TOKEN'].filter((name) => env[name] === undefined);
      // Whoever set one of them means that one; the other beside it would let two identities act.
      if (missing.length < 2) return { set: {} };
      const token = await findToken();
      return { set: Object.fromEntries(missing.map((name) => [name, token])), confidential: missing };
    },
  };
}

async function requestToken(app: GithubApp, key: KeyObject, clock: Pick<Clock, 'now'>): Promise<InstallationToken> {
  const nowSeconds = Math.floor(clock.now().getTime() / 1_000);
  const assertion = await new SignJWT({})
    .setProtectedHeader({ alg: 'RS256' })
    .setIssuer(app.appId)
    .setIssuedAt(nowSeconds - CLOCK_SKEW_SECONDS)
    .setExpirationTime(nowSeconds + ASSERTION_SECONDS)
    .sign(key);
  const path = `/app/installations/${encodeURIComponent(app.installationId)}/access_tokens`;
  const response = await fetch(`${app.apiUrl}${path}`, {
    method: 'POST',
    headers: {
      accept: 'application/vnd.github+json',
      authorization: `Bearer ${assertion}`,
      'x-github-api-version': '2022-11-28',
    },
    redirect: 'error',
    signal: AbortSignal.timeout(ASK_MS),
  });
  if (response.status !== 201) {
    await response.body?.cancel();
    throw new Error(`GitHub answered ${response.status} to the request for an installation token`);
  }
  const body: unknown = await response.json();
  const { token, expires_at: expiresAt } = (typeof body === 'object' && body !== null ? body : {}) as Record<
    string,
    unknown
  >;
  const expiresAtMs = typeof expiresAt === 'string' ? Date.parse(expiresAt) : Number.NaN;
  if (typeof token !== 'string' || token === '' || !Number.isFinite(expiresAtMs)) {
    throw new Error('GitHub answered without an installation token');
  }
  return { token, expiresAtMs };
}
