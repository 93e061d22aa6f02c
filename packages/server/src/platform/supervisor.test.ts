import { createFakeClock } from '@molecule/testkit';
import { describe, expect, it } from 'vitest';
import { createLogger } from './logger.js';
import { createRandom } from './random.js';
import { createSupervisor } from './supervisor.js';

function setup(fraction = 0.5) {
  const clock = createFakeClock();
  const lines: string[] = [];
  const failed: string[] = [];
  const supervisor = createSupervisor({
    clock,
    random: { ...createRandom(), fraction: () => fraction },
    logger: createLogger({ level: 'warn', destination: { write: (line) => lines.push(line) } }),
    onFailure: (name) => failed.push(name),
  });
  return { clock, supervisor, lines, failed };
}

/** A cycle that ends when told to. */
function gate() {
  let open = (): void => {};
  const opened = new Promise<void>((resolve) => {
    open = resolve;
  });
  return { opened, open: () => open() };
}

describe('a supervised loop', () => {
  it('runs at start and then with its pause between cycles', async () => {
    const { clock, supervisor } = setup();
    const runsMs: number[] = [];
    supervisor.loop({ name: 'sweep', everyMs: 1_000, run: async () => void runsMs.push(clock.monotonicMs()) });
    await clock.advance(500);
    expect(runsMs).toEqual([]);
    supervisor.start();
    await clock.advance(2_500);
    expect(runsMs).toEqual([500, 1_500, 2_500]);
    await supervisor.stop(0);
  });

  it('spreads its pause by the jitter', async () => {
    const { clock, supervisor } = setup(0);
    const runsMs: number[] = [];
    supervisor.loop({ name: 'sweep', everyMs: 1_000, run: async () => void runsMs.push(clock.monotonicMs()) });
    supervisor.start();
    await clock.advance(1_700);
    expect(runsMs).toEqual([0, 800, 1_600]);
    await supervisor.stop(0);
  });

  it('retries a failure after 1 s doubling to its ceiling, and forgets failures after a success', async () => {
    const { clock, supervisor, failed, lines } = setup();
    const runsMs: number[] = [];
    supervisor.loop({
      name: 'sweep',
      everyMs: 100,
      retryMaxMs: 4_000,
      run: async () => {
        runsMs.push(clock.monotonicMs());
        if (runsMs.length <= 5) throw new Error('no database');
      },
    });
    supervisor.start();
    await clock.advance(15_000);
    expect(runsMs.slice(0, 7)).toEqual([0, 1_000, 3_000, 7_000, 11_000, 15_000]);
    expect(supervisor.liveness().sweep).toMatchObject({ failures: 5, last_error: null });
    await clock.advance(100);
    expect(runsMs.at(-1)).toBe(15_100);
    expect(failed).toEqual(Array(5).fill('sweep'));
    expect(lines.join('')).toContain('no database');
    await supervisor.stop(0);
  });

  it('turns several nudges into one early cycle, and one during a cycle into a second', async () => {
    const { clock, supervisor } = setup();
    const first = gate();
    let runs = 0;
    const loop = supervisor.loop({
      name: 'sweep',
      everyMs: 60_000,
      run: async () => {
        runs += 1;
        if (runs === 2) await first.opened;
      },
    });
    supervisor.start();
    await clock.advance(0);
    expect(runs).toBe(1);
    loop.nudge();
    loop.nudge();
    await clock.advance(0);
    expect(runs).toBe(2);
    loop.nudge();
    loop.nudge();
    await clock.advance(10);
    expect(runs).toBe(2);
    first.open();
    await clock.advance(10);
    expect(runs).toBe(3);
    await supervisor.stop(0);
  });

  it('is not turned hot by nudges while it fails', async () => {
    const { clock, supervisor } = setup();
    const runsMs: number[] = [];
    const loop = supervisor.loop({
      name: 'sweep',
      everyMs: 60_000,
      run: async () => {
        runsMs.push(clock.monotonicMs());
        throw new Error('no database');
      },
    });
    supervisor.start();
    for (let i = 0; i < 35; i += 1) {
      await clock.advance(100);
      loop.nudge();
    }
    expect(runsMs).toEqual([0, 1_000, 2_000, 3_000]);
    await supervisor.stop(0);
  });

  it('never overlaps cycles, runOnce included, and shows runOnce its error', async () => {
    const { clock, supervisor } = setup();
    let running = 0;
    let most = 0;
    let runs = 0;
    const loop = supervisor.loop({
      name: 'sweep',
      everyMs: 10,
      run: async () => {
        running += 1;
        most = Math.max(most, running);
        await clock.sleep(50);
        running -= 1;
        runs += 1;
        if (runs > 3) throw new Error('fourth');
      },
    });
    supervisor.start();
    const outcomes = Promise.allSettled([loop.runOnce(), loop.runOnce(), loop.runOnce(), loop.runOnce()]);
    await clock.advance(400);
    const results = await outcomes;
    expect(most).toBe(1);
    expect(results.at(-1)).toMatchObject({ status: 'rejected', reason: new Error('fourth') });
    await supervisor.stop(0);
  });

  it('reports when it last finished a cycle', async () => {
    const { clock, supervisor } = setup();
    supervisor.loop({ name: 'sweep', everyMs: 60_000, run: async () => {} });
    supervisor.start();
    await clock.advance(7_900);
    expect(supervisor.liveness()).toEqual({
      sweep: { last_tick_at: '2026-01-01T00:00:00.000Z', seconds_ago: 7, failures: 0, last_error: null },
    });
    await supervisor.stop(0);
  });

  it('refuses a second loop of the same name', async () => {
    const { supervisor } = setup();
    const spec = { name: 'sweep', everyMs: 1, run: async () => {} };
    supervisor.loop(spec);
    expect(() => supervisor.loop(spec)).toThrow('the name is taken');
  });
});

describe('stopping the supervisor', () => {
  it('waits for cycles and background tasks, without aborting them in time', async () => {
    const { clock, supervisor } = setup();
    const finished: string[] = [];
    supervisor.loop({
      name: 'sweep',
      everyMs: 10,
      run: async (signal) => {
        await clock.sleep(300, signal);
        finished.push('cycle');
      },
    });
    supervisor.start();
    supervisor.background('forward', async (signal) => {
      await clock.sleep(400, signal);
      finished.push('task');
    });
    await clock.advance(0);
    const stopping = supervisor.stop(1_000);
    await clock.advance(500);
    await stopping;
    expect(finished).toEqual(['cycle', 'task']);
    expect(clock.pendingCount()).toBe(0);
  });

  it('aborts what exceeds the grace and names what ignores even that', async () => {
    const { clock, supervisor, lines } = setup();
    const reasons: unknown[] = [];
    supervisor.background('polite', async (signal) => {
      await clock.sleep(60_000, signal).catch((error: unknown) => reasons.push(error));
    });
    supervisor.background('deaf', () => new Promise(() => {}));
    const stopping = supervisor.stop(1_000);
    await clock.advance(2_100);
    await stopping;
    expect(reasons).toEqual([new Error('the server is stopping')]);
    expect(lines.join('')).toContain('"left":["deaf"]');
  });

  it('waits for tasks that were started by draining tasks, and refuses later ones', async () => {
    const { clock, supervisor, failed } = setup();
    const done: string[] = [];
    supervisor.background('outer', async () => {
      await clock.sleep(10);
      supervisor.background('inner', async () => {
        await clock.sleep(10);
        done.push('inner');
      });
    });
    const stopping = supervisor.stop(1_000);
    await clock.advance(50);
    await stopping;
    expect(done).toEqual(['inner']);
    supervisor.background('late', async () => void done.push('late'));
    await clock.advance(10);
    expect(done).toEqual(['inner']);
    expect(failed).toEqual(['late']);
  });

  it('counts a background task that throws, synchronously or later', async () => {
    const { clock, supervisor, failed } = setup();
    supervisor.background('now', () => {
      throw new Error('at once');
    });
    supervisor.background('later', async () => {
      await clock.sleep(5);
      throw new Error('later');
    });
    await clock.advance(10);
    expect(failed).toEqual(['now', 'later']);
    await supervisor.stop(0);
  });
});
