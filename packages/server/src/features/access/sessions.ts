import type { Ports } from '../../ports.js';
import {
  deleteExpiredLogins,
  deleteSession,
  exchangeLoginLink,
  insertLoginLink,
  insertSession,
  isLoginLinkUsable,
} from './access.store.js';
import { hashCredential } from './credentials.js';

export interface OpenedSession {
  /** The value of the cookie. The database knows only its hash. */
  readonly cookie: string;
  readonly expiresAt: Date;
}

/** People's sessions and the one-time links that open them (design §9). */
export interface Sessions {
  open(): Promise<OpenedSession>;
  close(cookie: string): Promise<void>;
  /** A link that works once, for 15 minutes, on any server of this database. */
  createLoginLink(baseUrl: string): Promise<{ url: string; expiresAt: Date }>;
  isUsable(linkToken: string): Promise<boolean>;
  /** Null when the link is unknown, used or too old. */
  exchange(linkToken: string): Promise<OpenedSession | null>;
}

const ID_BYTES = 32;

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
    async open() {
      const cookie = random.token(ID_BYTES);
      return { cookie, expiresAt: await insertSession(db, hashCredential(cookie)) };
    },
    close: (cookie) => deleteSession(db, hashCredential(cookie)),
    async createLoginLink(baseUrl) {
      const token = random.token(ID_BYTES);
      const expiresAt = await insertLoginLink(db, hashCredential(token));
      return { url: `${baseUrl}/login/${token}`, expiresAt };
    },
    isUsable: (linkToken) => isLoginLinkUsable(db, hashCredential(linkToken)),
    async exchange(linkToken) {
      const cookie = random.token(ID_BYTES);
      const expiresAt = await exchangeLoginLink(db, hashCredential(linkToken), hashCredential(cookie));
      return expiresAt === null ? null : { cookie, expiresAt };
    },
  };
}
