import { BlockList, isIP } from 'node:net';

/** Which address ranges this server may call on behalf of an agent that named its own address (design §9). */
export interface AddressPolicy {
  /** Loopback addresses; only in development mode. */
  readonly loopback: boolean;
  /** Private ranges of a company network or a cloud's own net. */
  readonly privateRanges: boolean;
}

export type AddressVerdict = { readonly ok: true } | { readonly ok: false; readonly reason: string };

type Family = 'ipv4' | 'ipv6';
type Subnet = readonly [network: string, prefix: number, family: Family];

const LOOPBACK: readonly Subnet[] = [
  ['127.0.0.0', 8, 'ipv4'],
  ['::1', 128, 'ipv6'],
];

const PRIVATE: readonly Subnet[] = [
  ['10.0.0.0', 8, 'ipv4'],
  ['172.16.0.0', 12, 'ipv4'],
  ['192.168.0.0', 16, 'ipv4'],
  ['fd00::', 8, 'ipv6'],
];

/** No policy opens these (contract registry-a2a §5.1.1 and §8.4, B-50). */
const NEVER: readonly Subnet[] = [
  ['0.0.0.0', 8, 'ipv4'],
  ['100.64.0.0', 10, 'ipv4'],
  ['169.254.0.0', 16, 'ipv4'],
  ['192.0.0.0', 24, 'ipv4'],
  ['192.0.2.0', 24, 'ipv4'],
  ['198.18.0.0', 15, 'ipv4'],
  ['198.51.100.0', 24, 'ipv4'],
  ['203.0.113.0', 24, 'ipv4'],
  ['224.0.0.0', 4, 'ipv4'],
  ['240.0.0.0', 4, 'ipv4'],
  ['::', 128, 'ipv6'],
  ['fe80::', 10, 'ipv6'],
  ['fc00::', 8, 'ipv6'],
  ['ff00::', 8, 'ipv6'],
  ['2001:db8::', 32, 'ipv6'],
];

const LISTS = { loopback: toList(LOOPBACK), private: toList(PRIVATE), never: toList(NEVER) };

/** Judges one address literal. An IPv6 address that carries an IPv4 one is judged as that. */
export function judgeAddress(address: string, policy: AddressPolicy): AddressVerdict {
  const plain = embeddedIPv4(address) ?? address;
  const version = isIP(plain);
  if (version === 0) return { ok: false, reason: `${address} is not an IP address` };
  const family: Family = version === 4 ? 'ipv4' : 'ipv6';
  if (LISTS.loopback.check(plain, family)) {
    return policy.loopback ? { ok: true } : { ok: false, reason: `${address} is a loopback address` };
  }
  if (LISTS.never.check(plain, family)) return { ok: false, reason: `${address} is in a reserved range` };
  if (LISTS.private.check(plain, family) && !policy.privateRanges) {
    return { ok: false, reason: `${address} is in a private range` };
  }
  return { ok: true };
}

/** IPv4-mapped (::ffff:0:0/96), NAT64 (64:ff9b::/96) and 6to4 (2002::/16) addresses all lead to an IPv4 host. */
function embeddedIPv4(address: string): string | null {
  if (isIP(address) !== 6) return null;
  const groups = expandIPv6(address);
  if (groups === null) return null;
  const [a = 0, b = 0, c = 0] = groups;
  const high = groups.slice(0, 6);
  const isZero = (from: number, to: number): boolean => groups.slice(from, to).every((group) => group === 0);
  if (isZero(0, 5) && high[5] === 0xffff) return toIPv4(groups[6] ?? 0, groups[7] ?? 0);
  // The deprecated "compatible" form; :: and ::1 are not of it.
  if (isZero(0, 6) && (groups[6] ?? 0) !== 0) return toIPv4(groups[6] ?? 0, groups[7] ?? 0);
  if (a === 0x64 && b === 0xff9b && isZero(2, 6)) return toIPv4(groups[6] ?? 0, groups[7] ?? 0);
  if (a === 0x2002) return toIPv4(b, c);
  return null;
}

/** Eight groups of a valid IPv6 literal. The URL parser brings every spelling into one form. */
function expandIPv6(address: string): number[] | null {
  const bare = address.split('%')[0] ?? '';
  if (!URL.canParse(`http://[${bare}]/`)) return null;
  const text = new URL(`http://[${bare}]/`).hostname.slice(1, -1);
  const [left = '', right] = text.split('::');
  const head = left === '' ? [] : left.split(':');
  const tail = right === undefined || right === '' ? [] : right.split(':');
  const zeros = right === undefined ? 0 : 8 - head.length - tail.length;
  return [...head, ...Array<string>(zeros).fill('0'), ...tail].map((group) => Number.parseInt(group, 16));
}

function toIPv4(high: number, low: number): string {
  return [high >> 8, high & 0xff, low >> 8, low & 0xff].join('.');
}

function toList(subnets: readonly Subnet[]): BlockList {
  const list = new BlockList();
  for (const [network, prefix, family] of subnets) list.addSubnet(network, prefix, family);
  return list;
}
