import fc from 'fast-check';
import { MOODS, type Mood } from './moody-agent.js';

/** Who messages are for. `away` is offline at first, `inbox` fetches its messages, `foreign` cannot be asked. */
export const TARGETS = ['steady', 'away', 'foreign', 'inbox'] as const;
export type Target = (typeof TARGETS)[number];
export const PUSHED = ['steady', 'away', 'foreign'] as const;
export type Pushed = (typeof PUSHED)[number];

export const STATUSES = ['online', 'offline', 'failed', 'paused'] as const;

const LOOPS = { queue: 4, recovery: 3, overdue: 1, lostTargets: 1 } as const;
export type LoopName = keyof typeof LOOPS;

/** How far a jump of the clock goes, as what then has passed. */
const JUMPS = { breath: 3, lease: 4, due: 6, quiet: 1, deadline: 1, back: 1 } as const;
export type Jump = keyof typeof JUMPS;

/** One thing that somebody does. `via`: at which of the two servers. `pick`: which delegation, counted modulo. */
export type Act =
  | {
      readonly do: 'send';
      readonly to: Target;
      readonly n: number;
      readonly as: 'human' | 'lead';
      readonly method: 'message/send' | 'message/stream';
      /** The caller's own limit. */
      readonly hurried: boolean;
      readonly via: number;
    }
  | { readonly do: 'delegate'; readonly to: Target; readonly key: number | null; readonly via: number }
  | { readonly do: 'record'; readonly to: Target; readonly via: number }
  | {
      readonly do: 'report';
      readonly pick: number;
      readonly status: 'in_progress' | 'completed' | 'failed';
      readonly via: number;
    }
  | { readonly do: 'cancel'; readonly pick: number; readonly via: number }
  | { readonly do: 'retry'; readonly pick: number; readonly via: number }
  | { readonly do: 'drop'; readonly via: number }
  | { readonly do: 'run'; readonly loop: LoopName; readonly via: number };

export type Step =
  | { readonly do: 'together'; readonly acts: readonly Act[] }
  | { readonly do: 'mood'; readonly of: Pushed; readonly mood: Mood }
  | { readonly do: 'finish'; readonly of: Pushed }
  | { readonly do: 'turn'; readonly of: Pushed; readonly status: (typeof STATUSES)[number] }
  | { readonly do: 'time'; readonly jump: Jump }
  /** kill -9: at once, or at the given of its next requests to the database. */
  | { readonly do: 'crash'; readonly which: number; readonly after: number };

const via = fc.nat(1);
const pick = fc.nat(3);
const to = fc.constantFrom(...TARGETS);

/** One of the names, each as often as its number says. */
function weighted<T extends string>(weights: Readonly<Record<T, number>>): fc.Arbitrary<T> {
  const names = Object.keys(weights) as T[]; // The keys of a record of T.
  return fc.oneof(...names.map((name) => ({ weight: weights[name], arbitrary: fc.constant(name) })));
}

const act: fc.Arbitrary<Act> = fc.oneof(
  {
    weight: 4,
    arbitrary: fc.record({
      do: fc.constant('send' as const),
      to,
      n: fc.nat(5),
      as: fc.constantFrom('human' as const, 'lead' as const),
      method: fc.constantFrom('message/send' as const, 'message/stream' as const),
      hurried: fc.boolean(),
      via,
    }),
  },
  {
    weight: 5,
    arbitrary: fc.record({
      do: fc.constant('delegate' as const),
      to,
      key: fc.option(fc.nat(2), { nil: null }),
      via,
    }),
  },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('record' as const), to, via }) },
  {
    weight: 4,
    arbitrary: fc.record({
      do: fc.constant('report' as const),
      pick,
      status: fc.constantFrom('in_progress' as const, 'completed' as const, 'failed' as const),
      via,
    }),
  },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('cancel' as const), pick, via }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('retry' as const), pick, via }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('drop' as const), via }) },
  { weight: 6, arbitrary: fc.record({ do: fc.constant('run' as const), loop: weighted(LOOPS), via }) },
);

const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 8,
    arbitrary: fc.record({
      do: fc.constant('together' as const),
      acts: fc.array(act, { minLength: 1, maxLength: 5 }),
    }),
  },
  {
    weight: 4,
    arbitrary: fc.record({
      do: fc.constant('mood' as const),
      of: fc.constantFrom(...PUSHED),
      mood: fc.constantFrom(...MOODS),
    }),
  },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('finish' as const), of: fc.constantFrom(...PUSHED) }) },
  {
    weight: 1,
    arbitrary: fc.record({
      do: fc.constant('turn' as const),
      of: fc.constantFrom(...PUSHED),
      status: fc.constantFrom(...STATUSES),
    }),
  },
  { weight: 4, arbitrary: fc.record({ do: fc.constant('time' as const), jump: weighted(JUMPS) }) },
  {
    weight: 2,
    arbitrary: fc.record({
      do: fc.constant('crash' as const),
      which: fc.nat(1),
      after: fc.oneof(fc.constant(0), fc.nat(40)),
    }),
  },
);

export const schedule: fc.Arbitrary<readonly Step[]> = fc.array(step, { minLength: 1, maxLength: 30, size: 'max' });
