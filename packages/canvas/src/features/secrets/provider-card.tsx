import type { Secret } from '@molecule/contract';
import { CircleAlert, CircleDashed, CircleDot } from 'lucide-react';
import { useFleet } from '../../app/services-context.js';
import { KeyRow } from './key-row.js';
import type { KnownProvider } from './known-keys.js';
import { countUsers, type ProviderState, stateOf } from './provider-state.js';

interface ProviderCardProps {
  provider: KnownProvider;
  saved: ReadonlyMap<string, Secret>;
  /** The provider that agents take first, when it is another one. */
  ahead: KnownProvider | null;
  onDelete: (name: string) => void;
}

const looks = {
  unset: { mark: CircleDashed, look: 'text-ink-faint' },
  incomplete: { mark: CircleAlert, look: 'text-warn' },
  saved: { mark: CircleDot, look: 'text-ink-soft' },
} satisfies Record<ProviderState['state'], object>;

export function ProviderCard({ provider, saved, ahead, onDelete }: ProviderCardProps) {
  const { state, text } = stateOf(provider, saved);
  const { mark: Mark, look } = looks[state];
  const users = useFleet((fleet) => countUsers(fleet.fleet.agents.values(), provider));
  return (
    <section className="rounded-xl border border-line p-4">
      <h4 className="flex flex-wrap items-center gap-x-2 text-sm font-semibold">
        {provider.label}
        <span className={`flex items-center gap-1 text-xs font-medium ${look}`}>
          <Mark aria-hidden className="size-3.5" />
          {text}
        </span>
        {users > 0 && (
          <span className="text-xs font-normal text-ink-soft">
            {users === 1 ? 'One agent uses it' : `${users} agents use it`}
          </span>
        )}
      </h4>
      <p className="mt-0.5 text-sm text-ink-soft">
        {provider.explain}
        {state === 'saved' &&
          ahead !== null &&
          ` Agents take ${ahead.label} first, unless they name a model of this provider.`}
      </p>
      <div className="mt-3 space-y-3">
        {provider.keys.map((key) => (
          <KeyRow
            key={key.name}
            known={key}
            anyKey={provider.id === 'compatible'}
            secret={saved.get(key.name)}
            onDelete={() => onDelete(key.name)}
          />
        ))}
      </div>
    </section>
  );
}
