import type { Channels, TemplateChannel } from '../channels/index.js';
import type { OrgChannel } from './org-definition.js';
import { expandVariables } from './variables.js';

export interface ComposedChannels {
  readonly channels: readonly TemplateChannel[];
  readonly skipped: readonly { readonly type: string; readonly reason: string }[];
}

/** Channels with their variables filled in; those that could not work, each with its reason (contract lifecycle §22). */
export function composeChannels(
  written: readonly OrgChannel[],
  env: Readonly<Record<string, string>>,
  adapters: Pick<Channels, 'isKnown' | 'judge'>,
): ComposedChannels {
  const channels = new Map<string, TemplateChannel>();
  const skipped: { type: string; reason: string }[] = [];
  for (const { type, config, allowedUsers, enabled } of written) {
    const expanded = expandConfig(config, env);
    const reason =
      type === ''
        ? 'empty type'
        : !adapters.isKnown(type)
          ? 'unknown adapter'
          : expanded.unresolved.length > 0
            ? `missing env: [${expanded.unresolved.join(', ')}]`
            : channels.has(type)
              ? 'there is another channel of this type'
              : adapters.judge(type, expanded.config);
    if (reason === null) channels.set(type, { type, config: expanded.config, allowedUsers, enabled });
    else skipped.push({ type, reason });
  }
  return { channels: [...channels.values()], skipped };
}

function expandConfig(
  config: ReadonlyMap<string, string>,
  env: Readonly<Record<string, string>>,
): { readonly config: Readonly<Record<string, string>>; readonly unresolved: readonly string[] } {
  const unresolved = new Set<string>();
  const values = [...config].map(([key, text]) => {
    const expanded = expandVariables(text, env);
    if ('text' in expanded) return [key, expanded.text] as const;
    for (const name of expanded.unresolved) unresolved.add(name);
    return [key, ''] as const;
  });
  return { config: Object.fromEntries(values), unresolved: [...unresolved] };
}
