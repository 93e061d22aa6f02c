import { type Client, createClient } from '@molecule/contract/client';

/** What the test wants the server to answer to "METHOD /path"; the query is part of the request, not of the key. */
export type Answers = Record<string, (request: FakeRequest) => Response | Promise<Response>>;

export interface FakeRequest {
  readonly url: URL;
  readonly body: unknown;
}

export interface FakeServer {
  readonly client: Client;
  /** "METHOD /path?query" of every request so far. */
  readonly requests: string[];
  readonly answers: Answers;
}

/** The real client of the contract over a fetch that the test answers. A request nobody expected is refused with 404. */
export function createFakeServer(answers: Answers): FakeServer {
  const requests: string[] = [];
  const client = createClient({
    baseUrl: 'http://molecule.test',
    fetch: async (input, init) => {
      const url = new URL(input instanceof Request ? input.url : input);
      const method = init?.method ?? 'GET';
      requests.push(`${method} ${url.pathname}${url.search}`);
      const answer = answers[`${method} ${url.pathname}`];
      if (!answer) return refusal(404, 'route_not_found', 'not found');
      return answer({ url, body: typeof init?.body === 'string' ? JSON.parse(init.body) : undefined });
    },
  });
  return { client, requests, answers };
}

export function json(body: unknown, status = 200, headers: Record<string, string> = {}): Response {
  return new Response(JSON.stringify(body), { status, headers: { 'content-type': 'application/json', ...headers } });
}

export function refusal(status: number, code: string, error: string, headers: Record<string, string> = {}): Response {
  return json({ error, code, retry: status >= 429, help: `Help for ${code}.` }, status, headers);
}

export function sse(...results: unknown[]): Response {
  const text = results.map((result) => `data: ${JSON.stringify({ jsonrpc: '2.0', id: 1, result })}\n\n`).join('');
  return new Response(text, { headers: { 'content-type': 'text/event-stream' } });
}
