const REPEAT_MS = 500;

/**
 * Makes one Ctrl-C one signal. The terminal sends SIGINT to everything it runs, and npm, which got it too, sends it
 * again to the script it started: without this, one key press would look like the impatient second one that makes a
 * server stop without draining. Call before anything listens for signals.
 */
export function ignoreRepeatedSignals() {
  const lastSeen = new Map();
  const emit = process.emit;
  process.emit = function emitOnce(name, ...rest) {
    if (name === 'SIGINT' || name === 'SIGTERM') {
      const now = performance.now();
      const isRepeat = now - (lastSeen.get(name) ?? Number.NEGATIVE_INFINITY) < REPEAT_MS;
      if (isRepeat) return true;
      lastSeen.set(name, now);
    }
    return emit.call(this, name, ...rest);
  };
}
