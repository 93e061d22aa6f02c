import { AppError } from './app-error.js';

const LOOPBACK = new Set(['localhost', '127.0.0.1', '[::1]', '::1']);

function isLoopback(host: string): boolean {
  return LOOPBACK.has(host);
}

/**
 * On a loopback address only our own names are answered (design §9): a page of another site that has its name resolve
 * to 127.0.0.1 would otherwise be "same origin" with this server. A server that listens to the network cannot know all
 * its names and relies on credentials alone.
 */
export function createHostCheck(options: {
  readonly host: string;
  readonly publicUrl: string | null;
  readonly corsOrigins: readonly string[];
}): (hostHeader: string) => void {
  if (!isLoopback(options.host)) return () => {};
  const names = new Set(LOOPBACK);
  for (const url of [options.publicUrl, ...options.corsOrigins]) {
    if (url !== null && URL.canParse(url)) names.add(new URL(url).hostname);
  }
  return (hostHeader) => {
    const name = hostHeader.replace(/:\d+$/, '').toLowerCase();
    if (!names.has(name)) throw new AppError('misdirected_request');
  };
}
