/** A reply as a client that knows nothing of our types reads it. */
export interface WireReply {
  readonly status: number;
  readonly headers: Headers;
  /** Byte for byte: scripts look for substrings. */
  readonly text: string;
  /** Parsed when it is JSON; an expectation about it that does not hold fails the test. */
  readonly body: ReturnType<typeof JSON.parse>;
}

export interface Wire {
  get(path: string, more?: Readonly<Record<string, string>>): Promise<WireReply>;
  post(path: string, body?: unknown, more?: Readonly<Record<string, string>>): Promise<WireReply>;
}

/** Sends exactly these headers with every request, and nothing that the test did not say. */
export function createWire(base: string, headers: Readonly<Record<string, string>> = {}): Wire {
  const send = async (method: string, path: string, body: unknown, more: object): Promise<WireReply> => {
    const response = await fetch(`${base}${path}`, {
      method,
      redirect: 'manual',
      headers: { ...headers, ...(body === undefined ? {} : { 'content-type': 'application/json' }), ...more },
      signal: AbortSignal.timeout(60_000),
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    const text = await response.text();
    const isJson = (response.headers.get('content-type') ?? '').includes('json');
    return { status: response.status, headers: response.headers, text, body: isJson ? JSON.parse(text) : undefined };
  };
  return {
    get: (path, more = {}) => send('GET', path, undefined, more),
    post: (path, body, more = {}) => send('POST', path, body, more),
  };
}
