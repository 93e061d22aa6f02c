import { toStorableText } from '../../platform/storable-json.js';
import type { Ports } from '../../ports.js';
import { hashCredential, type RequestHeaders, readHeader } from './credentials.js';
import {
  deleteExpiredLogins,
  deleteOtherSessions,
  deleteSession,
  deleteSessionById,
  exchangeLoginLink,
  insertLoginLink,
  insertSession,
  isLoginLinkUsable,
  listSessions,
  type SessionOrigin,
} from './sessions.store.js';

export interface OpenedSession {
  /** The value of the cookie. The database knows only its hash. */
  readonly cookie: string;
  readonly expiresAt: Date;
}

/** People's sessions and the one-time links that open them (design §9). */
export interface Sessions {
  open(by: Opener): Promise<OpenedSession>;
  close(cookie: string): Promise<void>;
  /** Those that have not ended. `cookie` is of the session that asks, null when none does. */
  list(cookie: string | null): ReturnType<typeof listSessions>;
  /** Ends one from its next request on; false when there is none of this id. */
  end(id: string): Promise<boolean>;
  /** Ends all but the one that asks, and returns how many. */
  endOthers(cookie: string | null): Promise<number>;
  /** A link that works once, for 15 minutes, on any server of this database. */
  createLoginLink(baseUrl: string): Promise<{ url: string; expiresAt: Date }>;
  isUsable(linkToken: string): Promise<boolean>;
  /** Null when the link is unknown, used or too old. */
  exchange(linkToken: string, by: Opener): Promise<OpenedSession | null>;
}

/** The request that opens a session. */
interface Opener {
  readonly headers: RequestHeaders;
  readonly address: string;
}

const ID_BYTES = 32;
const USER_AGENT_MAX = 256;
const LISTED_MAX = 500;

/** For a person to recognise a session by; nothing is decided by it. */
function originOf({ headers, address }: Opener): SessionOrigin {
  const userAgent = readHeader(headers, 'user-agent');
  return { userAgent: userAgent === null ? null : toStorableText(userAgent.slice(0, USER_AGENT_MAX)), address };
}

const hashOf = (cookie: string | null): Buffer | null => (cookie === null ? null : hashCredential(cookie));

export function createSessions({
  lanes,
  random,
  supervisor,
}: Pick<Ports, 'lanes' | 'random' | 'supervisor'>): Sessions {
  supervisor.loop({
    name: 'expired-logins',
    everyMs: 3_600_000,
    run: () => deleteExpiredLogins(lanes.work),
  });
  const db = lanes.control;
  return {
    async open(by) {
      const cookie = random.token(ID_BYTES);
      return { cookie, expiresAt: await insertSession(db, hashCredential(cookie), originOf(by)) };
    },
    close: (cookie) => deleteSession(db, hashCredential(cookie)),
    list: (cookie) => listSessions(db, hashOf(cookie), LISTED_MAX),
    end: (id) => deleteSessionById(db, id),
    endOthers: (cookie) => deleteOtherSessions(db, hashOf(cookie)),
    async createLoginLink(baseUrl) {
      const token = random.token(ID_BYTES);
      const expiresAt = await insertLoginLink(db, hashCredential(token));
      return { url: `${baseUrl}/login/${token}`, expiresAt };
    },
    isUsable: (linkToken) => isLoginLinkUsable(db, hashCredential(linkToken)),
    async exchange(linkToken, by) {
      const cookie = random.token(ID_BYTES);
      const expiresAt = await exchangeLoginLink(db, hashCredential(linkToken), hashCredential(cookie), originOf(by));
      return expiresAt === null ? null : { cookie, expiresAt };
    },
  };
}
