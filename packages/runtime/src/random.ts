import { randomInt, randomUUID } from 'node:crypto';

/** The only source of randomness in the runtime. Injected, so that tests are deterministic. */
export interface Random {
  uuid(): string;
  /** Uniform in [0, 1). */
  fraction(): number;
}

export const systemRandom: Random = {
  uuid: () => randomUUID(),
  fraction: () => randomInt(0, 1_000_000) / 1_000_000,
};
