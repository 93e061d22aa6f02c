import type { Tx } from '../../platform/db.js';
import type { Ports } from '../../ports.js';
import { createCipher } from '../secrets/index.js';
import { type ChannelConfig, findAdapter } from './adapters.js';
import { insertMissingChannels } from './channels.store.js';
import { sealConfig } from './sealed-config.js';

export { rotateChannelKey } from './key-rotation.js';

/** A channel of an org template, its variables filled in. */
export interface TemplateChannel {
  readonly type: string;
  readonly config: ChannelConfig;
  readonly enabled: boolean;
  readonly allowedUsers: readonly string[];
}

/** Ways in and out of a workspace beside the canvas. They are recorded; nothing connects them yet. */
export interface Channels {
  /** Whether there is such a kind of channel. */
  isKnown(type: string): boolean;
  /** Null when a channel of this kind can work with this configuration; otherwise why not (contract lifecycle §22). */
  judge(type: string, config: ChannelConfig): string | null;
  /**
   * Records the channels of an org template in the transaction of its import, each of a kind `judge` accepts and at most
   * one per workspace and kind. Repeatable: a workspace that has one of the kind keeps it.
   */
  recordFromTemplate(
    tx: Tx,
    given: readonly { readonly workspaceId: string; readonly channels: readonly TemplateChannel[] }[],
  ): Promise<void>;
}

export function createChannels(deps: Pick<Ports, 'random'> & { readonly key: string }): Channels {
  const cipher = createCipher(deps.key, deps.random);
  return {
    isKnown: (type) => findAdapter(type) !== null,
    judge: (type, config) => {
      const adapter = findAdapter(type);
      return adapter === null ? 'unknown adapter' : adapter.judge(config);
    },
    async recordFromTemplate(tx, given) {
      const rows = given.flatMap(({ workspaceId, channels }) =>
        channels.flatMap(({ type, config, enabled, allowedUsers }) => {
          const adapter = findAdapter(type);
          if (adapter === null) return [];
          const sealed = sealConfig(cipher, { workspaceId, type }, adapter, config);
          return [{ id: deps.random.uuidv7(), workspaceId, type, config: sealed, enabled, allowedUsers }];
        }),
      );
      await insertMissingChannels(tx, rows);
    },
  };
}
