import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { createServer } from 'node:http';
import { gzipSync } from 'node:zlib';

export interface NpmPackage {
  readonly name: string;
  readonly version: string;
  /** Path to content; a `package.json` is made. */
  readonly files: Readonly<Record<string, string>>;
  /** More of its manifest, such as dependencies. */
  readonly manifest?: Readonly<Record<string, unknown>>;
}

export interface NpmRegistry {
  /** For npm_config_registry. */
  readonly url: string;
  /** How often a tarball was asked for. */
  downloads(): number;
  /** Tarballs are begun and not finished until `release`, or for ever. */
  holdDownloads(): { release(): void };
  close(): Promise<void>;
}

/** As much of an npm registry as `npm install name@version` needs. Real npm runs against it. */
export async function createNpmRegistry(
  packages: readonly NpmPackage[],
  options: { readonly port?: number } = {},
): Promise<NpmRegistry> {
  const tarballs = new Map(packages.map((pkg) => [`/${encodeURIComponent(pkg.name)}.tgz`, createTarball(pkg)]));
  let downloads = 0;
  let held: Promise<void> | null = null;
  const server = createServer((request, response) => {
    const path = request.url ?? '/';
    const tarball = tarballs.get(path);
    if (tarball !== undefined) {
      downloads += 1;
      // The first bytes show that it has begun.
      response.writeHead(200, { 'content-length': tarball.length });
      response.write(tarball.subarray(0, 16));
      const finish = (): void => {
        response.end(tarball.subarray(16));
      };
      if (held === null) finish();
      else held.then(finish, finish);
      return;
    }
    const found = packages.filter(({ name }) => path.toLowerCase() === `/${name.replace('/', '%2f')}`);
    if (found.length === 0) {
      response.writeHead(404, { 'content-type': 'application/json' }).end('{"error":"Not found"}');
      return;
    }
    response.setHeader('content-type', 'application/json');
    response.end(JSON.stringify(describe(found, `http://${request.headers.host}`, tarballs)));
  });
  server.listen(options.port ?? 0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('The registry has no TCP address');
  return {
    url: `http://127.0.0.1:${address.port}/`,
    downloads: () => downloads,
    holdDownloads() {
      let release: () => void = () => undefined;
      held = new Promise((resolve) => {
        release = resolve;
      });
      return {
        release() {
          held = null;
          release();
        },
      };
    },
    async close() {
      if (!server.listening) return;
      const closed = once(server, 'close');
      server.close();
      server.closeAllConnections();
      await closed;
    },
  };
}

function describe(packages: readonly NpmPackage[], origin: string, tarballs: ReadonlyMap<string, Buffer>) {
  const versions = packages.map((pkg) => {
    const path = `/${encodeURIComponent(pkg.name)}.tgz`;
    const integrity = `sha512-${createHash('sha512')
      .update(tarballs.get(path) ?? '')
      .digest('base64')}`;
    return [pkg.version, { ...manifestOf(pkg), dist: { tarball: `${origin}${path}`, integrity } }] as const;
  });
  return {
    name: packages[0]?.name,
    'dist-tags': { latest: packages[0]?.version },
    versions: Object.fromEntries(versions),
  };
}

function manifestOf({ name, version, manifest }: NpmPackage) {
  return { ...manifest, name, version };
}

function createTarball(pkg: NpmPackage): Buffer {
  const files = { 'package.json': JSON.stringify(manifestOf(pkg)), ...pkg.files };
  const entries = Object.entries(files).flatMap(([path, content]) => tarEntry(`package/${path}`, content));
  return gzipSync(Buffer.concat([...entries, Buffer.alloc(1_024)]));
}

/** One file in the ustar format, executable. */
function tarEntry(path: string, text: string): readonly Buffer[] {
  const content = Buffer.from(text);
  const header = Buffer.alloc(512);
  const octal = (value: number, length: number): string => `${value.toString(8).padStart(length - 1, '0')}\0`;
  header.write(path, 0);
  header.write(octal(0o755, 8), 100);
  header.write(octal(0, 8), 108);
  header.write(octal(0, 8), 116);
  header.write(octal(content.length, 12), 124);
  header.write(octal(0, 12), 136);
  header.write(' '.repeat(8), 148);
  header.write('0', 156);
  header.write('ustar\u000000', 257);
  const sum = header.reduce((total, byte) => total + byte, 0);
  header.write(`${sum.toString(8).padStart(6, '0')}\0 `, 148);
  return [header, content, Buffer.alloc((512 - (content.length % 512)) % 512)];
}
