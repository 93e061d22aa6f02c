/** Per signal that is followed: who follows it, and the one listener that tells them. */
const followed = new WeakMap<AbortSignal, { readonly followers: Set<AbortController>; readonly tell: () => void }>();

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

function follow(source: AbortSignal, controller: AbortController): void {
  if (source.aborted) {
    controller.abort(source.reason);
    return;
  }
  const known = followed.get(source);
  if (known) {
    known.followers.add(controller);
    return;
  }
  const followers = new Set([controller]);
  const tell = (): void => {
    followed.delete(source);
    for (const follower of followers) follower.abort(source.reason);
  };
  followed.set(source, { followers, tell });
  source.addEventListener('abort', tell, { once: true });
}

function unfollow(source: AbortSignal, controller: AbortController): void {
  const known = followed.get(source);
  if (!known?.followers.delete(controller) || known.followers.size > 0) return;
  followed.delete(source);
  source.removeEventListener('abort', known.tell);
}
