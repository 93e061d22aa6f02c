/** Who follows a signal and the one listener that tells them, kept on the signal: whoever holds it shares them. */
interface Followed extends AbortSignal {
  [following]?: { readonly followers: Set<AbortController>; readonly tell: () => void };
}
const following = Symbol('following');

/**
 * Aborts `controller` as soon as one of `sources` aborts, for its reason. Call the returned function when the work is
 * done; it may be called again. `AbortSignal.any` has no such end: on Node 20 a signal that lives long, such as that of
 * the whole server, keeps something of every signal ever derived from it. However many follow a signal, it has one
 * listener.
 */
export function followAbort(controller: AbortController, sources: readonly AbortSignal[]): () => void {
  for (const source of sources) follow(source, controller);
  return () => {
    for (const source of sources) unfollow(source, controller);
  };
}

function follow(source: Followed, controller: AbortController): void {
  if (source.aborted) {
    controller.abort(source.reason);
    return;
  }
  const known = source[following];
  if (known) {
    known.followers.add(controller);
    return;
  }
  const followers = new Set([controller]);
  const tell = (): void => {
    delete source[following];
    for (const follower of followers) follower.abort(source.reason);
  };
  source[following] = { followers, tell };
  source.addEventListener('abort', tell, { once: true });
}

function unfollow(source: Followed, controller: AbortController): void {
  const known = source[following];
  if (!known?.followers.delete(controller) || known.followers.size > 0) return;
  delete source[following];
  source.removeEventListener('abort', known.tell);
}
