type Headers = Readonly<Record<string, string | string[] | undefined>>;

/**
 * Origins of pages that are this server's own: under its configured URL, or under the name by which the request reached
 * it, also where a proxy rewrote that. Behind one that ends TLS the page is https while the server sees http, so both
 * count (contract registry-a2a §1.2). A page cannot choose these headers; whoever is no browser can, so an own origin
 * proves nothing about who is calling.
 */
export function ownOrigins(headers: Headers, publicUrl: string | null): readonly string[] {
  const hosts = [first(headers.host), first(headers['x-forwarded-host'])].filter((host) => host !== '');
  const configured = publicUrl === null ? [] : [new URL(publicUrl).origin];
  return [...hosts.flatMap((host) => [`http://${host}`, `https://${host}`]), ...configured].map(bare);
}

/** Whether the page named in `origin` is one of ours. Text of any kind may come in. */
export function isOwnOrigin(origin: string, headers: Headers, publicUrl: string | null): boolean {
  return ownOrigins(headers, publicUrl).includes(bare(origin));
}

function first(value: string | string[] | undefined): string {
  return ((Array.isArray(value) ? value[0] : value) ?? '').split(',')[0]?.trim() ?? '';
}

/** Programs send the whole URL of the platform as their Origin: its path, and a port that is the usual one, say nothing. */
function bare(text: string): string {
  const parsed = URL.canParse(text) ? new URL(text).origin : 'null';
  return parsed === 'null' ? text.toLowerCase() : parsed;
}
