export type ChannelConfig = Readonly<Record<string, string>>;

export interface ChannelAdapter {
  /** Keys that anybody may read; every other one could speak for the workspace and is sealed before it is stored. */
  readonly publicKeys: readonly string[];
  /** Null when a channel can work with this configuration, otherwise why not, for people. */
  judge(config: ChannelConfig): string | null;
}

/** What each kind of channel needs (contract memory-mcp-rest §13.2). */
const ADAPTERS: Readonly<Record<string, ChannelAdapter>> = {
  telegram: {
    publicKeys: ['chat_id'],
    judge: (config) =>
      missing(config, ['bot_token', 'chat_id']) ??
      (/^\d+:[A-Za-z0-9_-]{30,}$/.test(config.bot_token ?? '') ? null : 'bot_token is not a Telegram bot token'),
  },
  slack: {
    publicKeys: ['channel_id', 'username', 'icon_emoji'],
    judge(config) {
      if (config.bot_token) return missing(config, ['channel_id']);
      return missing(config, ['webhook_url']) ?? wrongStart(config, ['https://hooks.slack.com/']);
    },
  },
  discord: {
    publicKeys: ['public_key', 'app_public_key'],
    judge: (config) => missing(config, ['webhook_url']) ?? wrongStart(config, ['https://discord.com/api/webhooks/']),
  },
  lark: {
    publicKeys: [],
    judge: (config) =>
      missing(config, ['webhook_url']) ??
      wrongStart(config, [
        'https://open.feishu.cn/open-apis/bot/v2/hook/',
        'https://open.larksuite.com/open-apis/bot/v2/hook/',
      ]),
  },
};

export function findAdapter(type: string): ChannelAdapter | null {
  return Object.hasOwn(ADAPTERS, type) ? (ADAPTERS[type] ?? null) : null;
}

function missing(config: ChannelConfig, keys: readonly string[]): string | null {
  const absent = keys.filter((key) => !config[key]);
  return absent.length === 0 ? null : `${absent.join(' and ')} ${absent.length === 1 ? 'is' : 'are'} missing`;
}

function wrongStart(config: ChannelConfig, starts: readonly string[]): string | null {
  if (starts.some((start) => config.webhook_url?.startsWith(start))) return null;
  return `webhook_url must begin with ${starts.join(' or ')}`;
}
