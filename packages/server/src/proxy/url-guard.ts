import { isIP } from 'node:net';
import { jsonBytes } from '../platform/fit-text.js';
import { refuse } from '../platform/http/app-error.js';
import { type AddressPolicy, judgeAddress } from './address-rules.js';
import { type ResolvedAddress, resolveName } from './resolve-name.js';

export type { ResolvedAddress } from './resolve-name.js';

export type UrlVerdict =
  /** `address` is the one that was judged: connect to it, whatever the name resolves to a moment later. */
  | { readonly ok: true; readonly url: URL; readonly address: ResolvedAddress | null }
  | { readonly ok: false; readonly reason: string };

/**
 * Judges addresses that agents claim, at registration and again at every dispatch (design §9, contract registry-a2a
 * §5.1.1, §8.4). Never asked about an address that one of our drivers set.
 */
export interface UrlGuard {
  /**
   * For registration: the literal name `localhost` passes without DNS (`address` null), because agents register it
   * before anybody decides whether it may be called. Everything else is resolved, and every address must pass.
   */
  checkClaimedUrl(raw: string): Promise<UrlVerdict>;
  /** The same for callers that have nothing else to do with a bad address: throws `invalid_url` naming the reason. */
  ensureClaimedUrl(raw: string): Promise<void>;
  /** For dispatch: always resolved; the first address is the one to connect to. */
  vetDispatch(raw: string): Promise<UrlVerdict>;
}

export interface UrlGuardOptions {
  /** Development mode: loopback and private addresses pass. */
  readonly loopbackAllowed: boolean;
  /** Agents live in the private network of this server (contract registry-a2a §5.1.1, SaaS mode). Default false. */
  readonly privateAllowed?: boolean;
  /** All addresses of a name; a rejection counts as "does not resolve". Default: the resolver of the system. */
  readonly resolve?: (name: string) => Promise<readonly ResolvedAddress[]>;
}

/** As JSON: an address is told by events, and shares one with an agent card of at most 6 KiB. */
const URL_BYTES_MAX = 2_000;

export function createUrlGuard({ resolve = resolveName, ...options }: UrlGuardOptions): UrlGuard {
  const policy: AddressPolicy = {
    loopback: options.loopbackAllowed,
    privateRanges: options.loopbackAllowed || (options.privateAllowed ?? false),
  };
  const judge = async (url: URL): Promise<UrlVerdict> => {
    const addresses = await addressesOf(url.hostname, resolve);
    const [first] = addresses;
    if (!first) return { ok: false, reason: `the host ${url.hostname} does not resolve` };
    for (const { address } of addresses) {
      const verdict = judgeAddress(address, policy);
      if (!verdict.ok) return verdict;
    }
    return { ok: true, url, address: first };
  };
  const checkClaimedUrl = async (raw: string): Promise<UrlVerdict> => {
    if (jsonBytes(raw) > URL_BYTES_MAX) return { ok: false, reason: `it is longer than ${URL_BYTES_MAX} bytes` };
    const parsed = parseHttpUrl(raw);
    if (!parsed.ok) return parsed;
    if (isLocalhost(parsed.url.hostname)) return { ok: true, url: parsed.url, address: null };
    return judge(parsed.url);
  };
  return {
    checkClaimedUrl,
    async ensureClaimedUrl(raw) {
      const verdict = await checkClaimedUrl(raw);
      if (!verdict.ok) refuse('invalid_url', { text: `invalid workspace URL: ${verdict.reason}` });
    },
    async vetDispatch(raw) {
      const parsed = parseHttpUrl(raw);
      return parsed.ok ? judge(parsed.url) : parsed;
    },
  };
}

type ParsedUrl = { readonly ok: true; readonly url: URL } | { readonly ok: false; readonly reason: string };

function parseHttpUrl(raw: string): ParsedUrl {
  if (!URL.canParse(raw)) return { ok: false, reason: 'it is not a URL' };
  const url = new URL(raw);
  if (url.protocol !== 'http:' && url.protocol !== 'https:') {
    return { ok: false, reason: `the scheme ${url.protocol.slice(0, -1)} is not http or https` };
  }
  if (url.hostname === '') return { ok: false, reason: 'it has no host' };
  // "http://trusted.example@10.0.0.1/": no agent needs a user name in its address.
  if (url.username !== '' || url.password !== '') return { ok: false, reason: 'it carries a user name' };
  return { ok: true, url };
}

function isLocalhost(hostname: string): boolean {
  return hostname.replace(/\.$/, '') === 'localhost';
}

/** The URL parser has already turned decimal, octal and hexadecimal hosts into dotted IPv4. */
async function addressesOf(
  hostname: string,
  resolve: NonNullable<UrlGuardOptions['resolve']>,
): Promise<readonly ResolvedAddress[]> {
  const literal = hostname.startsWith('[') ? hostname.slice(1, -1) : hostname.replace(/\.$/, '');
  const version = isIP(literal);
  if (version !== 0) return [{ address: literal, family: version === 4 ? 4 : 6 }];
  try {
    return await resolve(hostname);
  } catch {
    // Not resolving is an answer here, not a fault of ours: the verdict says so and names the host.
    return [];
  }
}
