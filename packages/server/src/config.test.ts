import { generateKeyPairSync } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { ConfigError, configurationPage, parseConfig } from './config.js';

describe('configuration', () => {
  it('needs nothing: every variable has a default', () => {
    const config = parseConfig({});
    expect(config).toMatchObject({
      port: 8080,
      host: '127.0.0.1',
      rateLimit: 600,
      developmentMode: false,
      warnings: [],
    });
  });

  it('names every unacceptable variable at once', () => {
    expect(() => parseConfig({ PORT: 'x', LOG_LEVEL: 'loud', EXTERNAL_PLATFORM_URL: 'nowhere' })).toThrow(ConfigError);
    expect(() => parseConfig({ PORT: 'x', LOG_LEVEL: 'loud' })).toThrow(/PORT must be.*; LOG_LEVEL must be/);
  });

  it.each([
    [undefined, 'development', true],
    ['', 'dev', true],
    ['', 'DEV', true],
    ['', 'production', false],
    ['', undefined, false],
    ['token', 'development', false],
  ])('B-15: development mode with ADMIN_TOKEN=%s and MOLECULE_ENV=%s is %s', (ADMIN_TOKEN, MOLECULE_ENV, open) => {
    expect(parseConfig({ ADMIN_TOKEN, MOLECULE_ENV }).developmentMode).toBe(open);
  });

  it.each([
    ['127.0.0.1', true],
    ['localhost', true],
    ['::1', true],
    ['0.0.0.0', false],
    ['192.0.2.1', false],
  ])('B-15: development mode on %s is %s: it is for this machine alone', (HOST, open) => {
    expect(parseConfig({ MOLECULE_ENV: 'development', HOST }).developmentMode).toBe(open);
  });

  it('lets pages of other origins in by CORS_ORIGINS, which replaces the default and alone trusts them with a session', () => {
    const defaults = ['http://localhost:3000', 'http://localhost:3001'];
    const read = (environment: Record<string, string>) => {
      const { corsOrigins, trustedOrigins } = parseConfig(environment);
      return [corsOrigins, trustedOrigins];
    };
    expect(read({})).toEqual([defaults, []]);
    expect(read({ CORS_ORIGINS: ' ' })).toEqual([defaults, []]);
    expect(read({ MOLECULE_ENV: 'development' })).toEqual([defaults, defaults]);
    const named = ['https://ops.example', 'http://localhost:3000'];
    expect(read({ CORS_ORIGINS: 'https://OPS.example/, http://localhost:3000,' })).toEqual([named, named]);
    for (const wrong of ['*', 'ops.example', 'https://ops.example/path', 'ftp://ops.example']) {
      expect(() => parseConfig({ CORS_ORIGINS: `https://a.example,${wrong}` })).toThrow(ConfigError);
    }
  });

  it('believes proxies by address or network, and takes nothing else for one', () => {
    const trusted = ['10.0.0.0/8', '::1', '192.168.1.7', 'fd00::/8'];
    expect(parseConfig({ MOLECULE_TRUSTED_PROXIES: trusted.join(', ') }).trustedProxies).toEqual(trusted);
    expect(parseConfig({}).trustedProxies).toEqual([]);
    for (const wrong of [
      'proxy.example',
      '10.0.0.0/33',
      '10.0.0.0/8/8',
      '10.0.0.0/',
      '0.0.0.0/0',
      '::ffff:10.0.0.0/104',
      '*',
    ]) {
      expect(() => parseConfig({ MOLECULE_TRUSTED_PROXIES: wrong })).toThrow(/MOLECULE_TRUSTED_PROXIES must be/);
    }
  });

  it.each(['0', '-1', '1.5', 'many'])('does not start with RATE_LIMIT=%s', (text) => {
    expect(() => parseConfig({ RATE_LIMIT: text })).toThrow(/RATE_LIMIT must be an integer from 1/);
  });

  it.each([
    [{}, true],
    [{ MOLECULE_ENV: 'development' }, true],
    [{ MOLECULE_ENV: 'production' }, false],
    [{ MOLECULE_ORG_ID: 'org' }, false],
    [{ MOLECULE_ENV: 'production', MOLECULE_ORG_ID: 'org', MOLECULE_ENABLE_TEST_TOKENS: '1' }, true],
    [{ MOLECULE_ENV: 'production', MOLECULE_ENABLE_TEST_TOKENS: '0' }, false],
  ])('with %o test scripts may fetch tokens: %s', (environment, open) => {
    expect(parseConfig(environment).testTokens).toBe(open);
    expect(() => parseConfig({ MOLECULE_ENABLE_TEST_TOKENS: 'true' })).toThrow(/must be 1 or 0/);
  });

  it.each([
    [undefined, 3, 'default'],
    ['0', 1_048_576, 'MOLECULE_PROVISION_CONCURRENCY'],
    ['1', 1, 'MOLECULE_PROVISION_CONCURRENCY'],
    ['5', 5, 'MOLECULE_PROVISION_CONCURRENCY'],
    ['10', 10, 'MOLECULE_PROVISION_CONCURRENCY'],
    ['50', 50, 'MOLECULE_PROVISION_CONCURRENCY'],
    [' 7 ', 7, 'MOLECULE_PROVISION_CONCURRENCY'],
    ['', 3, 'default'],
    ['9007199254740993', 1_048_576, 'MOLECULE_PROVISION_CONCURRENCY'],
  ])('R28: MOLECULE_PROVISION_CONCURRENCY=%s means %s, from %s', (text, value, from) => {
    const read = parseConfig({ MOLECULE_PROVISION_CONCURRENCY: text });
    expect([read.provisionConcurrency, read.provisionConcurrencyFrom, read.warnings]).toEqual([value, from, []]);
  });

  it.each(['-1', 'abc', '2.5', '1e3'])('R28: MOLECULE_PROVISION_CONCURRENCY=%s means 3, with a warning', (text) => {
    const { warnings, ...read } = parseConfig({ MOLECULE_PROVISION_CONCURRENCY: text });
    expect([read.provisionConcurrency, read.provisionConcurrencyFrom]).toEqual([3, 'default']);
    expect(warnings).toEqual([
      `MOLECULE_PROVISION_CONCURRENCY is ignored and 3 used instead: "${text}" is not a whole number from 0 on.`,
    ]);
  });

  it.each([
    [undefined, null],
    ['900', 900],
    [' 900 ', 900],
    ['0', null],
    ['-1', null],
    ['soon', null],
  ])('R16: PROVISION_TIMEOUT_SECONDS=%s overrides every limit of a start with %s', (text, value) => {
    expect(parseConfig({ PROVISION_TIMEOUT_SECONDS: text }).provisionTimeoutSeconds).toBe(value);
  });

  it('takes a GitHub App whole or not at all, its key with real line breaks or written ones', () => {
    const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 2_048 });
    const pem = privateKey.export({ type: 'pkcs1', format: 'pem' }).toString().trim();
    const app = { GITHUB_APP_ID: '7', GITHUB_APP_INSTALLATION_ID: '42', GITHUB_APP_PRIVATE_KEY: pem };
    const expected = { appId: '7', installationId: '42', privateKey: pem, apiUrl: 'https://api.github.com' };
    expect(parseConfig(app).githubApp).toEqual(expected);
    const written = { ...app, GITHUB_APP_PRIVATE_KEY: pem.replaceAll('\n', '\\n') };
    expect(parseConfig(written).githubApp).toEqual(expected);
    expect(parseConfig({}).githubApp).toBeNull();
    expect(() => parseConfig({ ...app, GITHUB_APP_INSTALLATION_ID: undefined })).toThrow('set all of GITHUB_APP_ID');
    const elliptic = generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey.export({
      type: 'pkcs8',
      format: 'pem',
    });
    for (const key of ['no key', String(elliptic)]) {
      expect(() => parseConfig({ ...app, GITHUB_APP_PRIVATE_KEY: key })).toThrow('must be an RSA private key in PEM');
    }
  });

  it('reports an unknown MOLECULE_ variable with the nearest known name', () => {
    expect(parseConfig({ MOLECULE_DATADIR: '/x' }).warnings).toEqual([
      'MOLECULE_DATADIR is not a variable of this server. Did you mean MOLECULE_DATA_DIR?',
    ]);
  });

  it('lists every variable on the generated page', () => {
    expect(configurationPage()).toContain('`SECRETS_ENCRYPTION_KEY`');
  });
});
