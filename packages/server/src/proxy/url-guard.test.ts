import { describe, expect, it } from 'vitest';
import { createUrlGuard } from './url-guard.js';

const NAMES: Readonly<Record<string, readonly string[]>> = {
  'public.example': ['93.184.216.34'],
  'metadata.example': ['169.254.169.254'],
  'mixed.example': ['93.184.216.34', '10.0.0.5'],
  'mapped.example': ['::ffff:127.0.0.1'],
  'six.example': ['2606:2800:220:1::1'],
  localhost: ['127.0.0.1'],
};

const resolve = async (name: string) => {
  const found = NAMES[name];
  if (!found) throw new Error('ENOTFOUND');
  return found.map((address) => ({ address, family: address.includes(':') ? (6 as const) : (4 as const) }));
};
const strict = createUrlGuard({ loopbackAllowed: false, resolve });
const inNetwork = createUrlGuard({ loopbackAllowed: false, privateAllowed: true, resolve });
const development = createUrlGuard({ loopbackAllowed: true, resolve });

/** No mode opens these. */
const NEVER = [
  'http://169.254.169.254/latest/meta-data',
  'http://metadata.example/',
  'http://100.64.0.1/',
  'http://192.0.2.1/',
  'http://198.51.100.7/',
  'http://203.0.113.9/',
  'http://224.0.0.1/',
  'http://0.0.0.0/',
  'http://[::]/',
  'http://[fe80::1]/',
  'http://[ff02::1]/',
  'http://[fc00::1]/',
  'http://[2001:db8::1]/',
  'http://[::ffff:169.254.169.254]/',
  'http://[64:ff9b::a9fe:a9fe]/',
  'http://[2002:a9fe:a9fe::1]/',
  'http://2852039166/',
  'http://0xa9fea9fe/',
  'http://public.example@169.254.169.254/',
  'http://user:secret@public.example/',
  'http://does-not-resolve.example/',
  'ftp://public.example/',
  'file:///etc/passwd',
  'remote://no-inbound',
  'not a url',
  '',
];

const LOOPBACK = [
  'http://127.0.0.1:8000/',
  'http://127.8.9.10/',
  'http://[::1]/',
  'http://[::ffff:127.0.0.1]/',
  'http://mapped.example/',
  'http://2130706433/',
  'http://0x7f.1/',
  'http://0177.0.0.1/',
];

const PRIVATE = [
  'http://10.1.2.3/',
  'http://172.16.0.1/',
  'http://192.168.1.1/',
  'http://[fd00::1]/',
  'http://mixed.example/',
];

describe('B-50: the URL guard', () => {
  it.each(NEVER)('refuses %s in every mode, at registration and at dispatch', async (url) => {
    for (const guard of [strict, inNetwork, development]) {
      expect(await guard.checkClaimedUrl(url)).toMatchObject({ ok: false });
      expect(await guard.vetDispatch(url)).toMatchObject({ ok: false });
    }
  });

  it.each(LOOPBACK)('refuses loopback %s outside development', async (url) => {
    for (const guard of [strict, inNetwork]) {
      expect(await guard.checkClaimedUrl(url)).toMatchObject({ ok: false });
      expect(await guard.vetDispatch(url)).toMatchObject({ ok: false });
    }
    expect(await development.vetDispatch(url)).toMatchObject({ ok: true });
  });

  it.each(PRIVATE)('refuses private %s unless agents live in this network', async (url) => {
    expect(await strict.checkClaimedUrl(url)).toMatchObject({ ok: false });
    expect(await strict.vetDispatch(url)).toMatchObject({ ok: false });
    expect(await inNetwork.vetDispatch(url)).toMatchObject({ ok: true });
  });

  it.each(['http://public.example/a2a?x=1', 'https://six.example:8443/', 'http://93.184.216.34/'])(
    'lets %s through',
    async (url) => {
      expect(await strict.checkClaimedUrl(url)).toMatchObject({ ok: true });
      expect(await strict.vetDispatch(url)).toMatchObject({ ok: true });
    },
  );

  it('hands out the very address it has judged, so that a second lookup cannot lead elsewhere', async () => {
    expect(await strict.vetDispatch('http://public.example/')).toMatchObject({
      ok: true,
      address: { address: '93.184.216.34', family: 4 },
    });
  });

  it('takes the name localhost at registration without DNS, and judges it at dispatch', async () => {
    const blind = createUrlGuard({
      loopbackAllowed: false,
      resolve: async () => {
        throw new Error('must not be asked');
      },
    });
    expect(await blind.checkClaimedUrl('http://localhost:9000/')).toMatchObject({ ok: true, address: null });
    expect(await strict.vetDispatch('http://localhost:9000/')).toMatchObject({ ok: false });
  });

  it('refuses at registration what is too long for an event, before any name is resolved', async () => {
    const url = (count: number) => `http://nowhere.example/${'x'.repeat(count)}`;
    const reason = 'it is longer than 2000 bytes';
    expect(await strict.checkClaimedUrl(url(2_000))).toEqual({ ok: false, reason });
    expect(await strict.checkClaimedUrl(url(1_900))).not.toEqual({ ok: false, reason });
  });

  it('names the reason to whoever registers', async () => {
    await expect(strict.ensureClaimedUrl('http://10.1.2.3/')).rejects.toMatchObject({
      code: 'invalid_url',
      message: 'invalid workspace URL: 10.1.2.3 is in a private range',
    });
    await expect(strict.ensureClaimedUrl('http://public.example/')).resolves.toBeUndefined();
  });
});
