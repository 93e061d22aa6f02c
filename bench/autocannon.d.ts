/** What of autocannon 9 is used here; it brings no types. */
declare module 'autocannon' {
  export interface Request {
    readonly method: string;
    readonly path: string;
    readonly headers: Readonly<Record<string, string>>;
    readonly body: string;
  }
  export interface Result {
    /** Answers per second. */
    readonly requests: { readonly average: number; readonly total: number };
    readonly latency: { readonly p50: number; readonly p99: number };
    readonly non2xx: number;
    readonly errors: number;
    readonly timeouts: number;
  }
  export interface Options {
    readonly url: string;
    readonly connections: number;
    /** Seconds. */
    readonly duration: number;
    /** Puts another id for `[<id>]` in each request. */
    readonly idReplacement?: boolean;
    /** Requests per second of all connections together. */
    readonly overallRate?: number;
    readonly setupClient: (client: { setRequests(requests: readonly Request[]): void }) => void;
  }
  // biome-ignore lint/style/noDefaultExport: that is how autocannon exports itself
  export default function autocannon(options: Options): Promise<Result>;
}
