/** The only reader of the wall clock and owner of timers in the canvas, so that tests can pass their own. */
export interface Clock {
  nowMs(): number;
  /** Calls once after `ms`; the returned function cancels. */
  after(ms: number, run: () => void): () => void;
  /** Calls once before the next paint, or soon when the tab is hidden and does not paint. */
  nextFrame(run: () => void): () => void;
}

export const browserClock: Clock = {
  nowMs: () => Date.now(),
  after(ms, run) {
    const timer = setTimeout(run, ms);
    return () => clearTimeout(timer);
  },
  nextFrame(run) {
    if (document.visibilityState === 'hidden') return browserClock.after(250, run);
    const frame = requestAnimationFrame(run);
    return () => cancelAnimationFrame(frame);
  },
};
