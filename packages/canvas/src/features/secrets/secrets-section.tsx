import { KeyRound, Trash2 } from 'lucide-react';
import { problemOf } from '../../model/problem.js';
import { Button, IconButton } from '../../ui/button.js';
import { Notice } from '../../ui/notice.js';
import { SkeletonRows } from '../../ui/placeholder.js';
import { AddKeyForm } from './add-key-form.js';
import { type KnownProvider, knownProviders } from './known-keys.js';
import { ProviderCard } from './provider-card.js';
import { firstInLine } from './provider-state.js';
import { useGlobalSecrets } from './queries.js';
import { everyAgent, useSecretChanges } from './secret-changes.js';
import { useChange } from './use-change.js';

/** Keys for all agents: model providers first, anything else below. */
export function SecretsSection() {
  const secrets = useGlobalSecrets();
  const changes = useSecretChanges(everyAgent);
  const change = useChange();
  const remove = (name: string) => change.start(changes.remove(name));
  if (secrets.isPending) return <SkeletonRows label="Loading the keys" rows={3} />;
  if (secrets.isError) {
    const problem = problemOf(secrets.error);
    return (
      <Notice
        tone="error"
        title={problem.title}
        action={
          <Button size="small" onClick={() => secrets.refetch()}>
            Retry
          </Button>
        }
      >
        {problem.advice}
      </Notice>
    );
  }
  const saved = new Map(secrets.data.map((secret) => [secret.key, secret]));
  const named = new Set(knownProviders.flatMap((provider: KnownProvider) => provider.keys.map((key) => key.name)));
  const first = firstInLine(saved);
  const others = secrets.data.filter((secret) => !named.has(secret.key));

  return (
    <div className="space-y-4">
      <p className="text-sm text-ink-soft">
        Saved encrypted and never shown again. A change restarts the agents that use the key; you see which before it is
        made.
      </p>
      {change.problem && (
        <Notice tone="error" title={change.problem.title}>
          {change.problem.advice}
        </Notice>
      )}
      {knownProviders.map((provider) => (
        <ProviderCard
          key={provider.id}
          provider={provider}
          saved={saved}
          ahead={first === null || first.id === provider.id ? null : first}
          onDelete={remove}
        />
      ))}
      <section className="rounded-xl border border-line p-4">
        <h4 className="text-sm font-semibold">Other keys</h4>
        <p className="mt-0.5 text-sm text-ink-soft">Every agent finds them in its environment under their names.</p>
        {others.length > 0 && (
          <ul className="mt-3 divide-y divide-line rounded-lg border border-line">
            {others.map((secret) => (
              <li key={secret.key} className="flex items-center gap-2 py-1 pr-1 pl-3">
                <KeyRound aria-hidden className="size-4 text-ink-faint" />
                <code className="flex-1 truncate font-mono text-sm">{secret.key}</code>
                <IconButton icon={Trash2} label={`Delete ${secret.key}`} onClick={() => remove(secret.key)} />
              </li>
            ))}
          </ul>
        )}
        <AddKeyForm
          scope={everyAgent}
          remarkOnName={(name) => (saved.has(name) ? 'Replaces the saved value.' : null)}
        />
      </section>
      {change.dialog}
    </div>
  );
}
