import { KeyRound, Plus, Trash2 } from 'lucide-react';
import { useState } from 'react';
import { toast } from 'sonner';
import { useFleet } from '../../app/services-context.js';
import { problemOf } from '../../model/problem.js';
import { Button, IconButton } from '../../ui/button.js';
import { ConfirmDialog } from '../../ui/confirm-dialog.js';
import { TextField } from '../../ui/field.js';
import { Notice } from '../../ui/notice.js';
import { SkeletonRows } from '../../ui/placeholder.js';
import { isSecretName, type KnownProvider, knownProviders } from './known-keys.js';
import { ProviderCard } from './provider-card.js';
import { firstInLine } from './provider-state.js';
import { useDeleteSecret, useGlobalSecrets, useSaveSecret } from './queries.js';
import { restartNote, tellSaved } from './restart-note.js';

/** Keys for all agents: model providers first, anything else below. */
export function SecretsSection() {
  const secrets = useGlobalSecrets();
  const [doomed, setDoomed] = useState<string | null>(null);
  const running = useFleet(
    (state) => [...state.fleet.agents.values()].filter((agent) => agent.runtime !== 'external').length,
  );
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
        Saved encrypted and never shown again. Saving or deleting a key restarts the agents that use it
        {running > 0 && `, at most ${running === 1 ? 'one' : running}`}; running work is finished or resumed.
      </p>
      {knownProviders.map((provider) => (
        <ProviderCard
          key={provider.id}
          provider={provider}
          saved={saved}
          ahead={first === null || first.id === provider.id ? null : first}
          onDelete={setDoomed}
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
                <IconButton icon={Trash2} label={`Delete ${secret.key}`} onClick={() => setDoomed(secret.key)} />
              </li>
            ))}
          </ul>
        )}
        <OtherKeyForm taken={saved} />
      </section>
      {doomed !== null && <DeleteKeyDialog name={doomed} onClose={() => setDoomed(null)} />}
    </div>
  );
}

function OtherKeyForm({ taken }: { taken: ReadonlyMap<string, unknown> }) {
  const [name, setName] = useState('');
  const [value, setValue] = useState('');
  const save = useSaveSecret();
  const problem = save.error ? problemOf(save.error) : null;
  const wrong = name !== '' && !isSecretName(name) ? 'Upper-case letters, digits and underscores.' : null;
  return (
    <form
      className="mt-3 flex items-start gap-2"
      onSubmit={(event) => {
        event.preventDefault();
        if (name === '' || wrong !== null || value === '' || save.isPending) return;
        save.mutate(
          { key: name, value },
          {
            onSuccess: (reply) => {
              tellSaved(name, reply.restarts);
              setName('');
              setValue('');
            },
          },
        );
      }}
    >
      <div className="flex-1">
        <TextField
          bare
          label="Name of the key"
          placeholder="NAME"
          value={name}
          onChange={(event) => setName(event.target.value.toUpperCase())}
          error={wrong ?? (problem && `${problem.title}. ${problem.advice}`)}
          hint={taken.has(name) ? 'Replaces the saved value.' : undefined}
          className="font-mono"
        />
      </div>
      <div className="flex-1">
        <TextField
          bare
          label="Value of the key"
          placeholder="Value"
          type="password"
          autoComplete="new-password"
          value={value}
          onChange={(event) => setValue(event.target.value)}
        />
      </div>
      <Button
        type="submit"
        icon={Plus}
        pending={save.isPending}
        disabled={name === '' || wrong !== null || value === ''}
      >
        Add
      </Button>
    </form>
  );
}

function DeleteKeyDialog({ name, onClose }: { name: string; onClose: () => void }) {
  const remove = useDeleteSecret();
  const problem = remove.error ? problemOf(remove.error) : null;
  return (
    <ConfirmDialog
      open
      title={`Delete ${name}?`}
      confirmLabel="Delete key"
      pending={remove.isPending}
      onCancel={onClose}
      onConfirm={() =>
        remove.mutate(name, {
          onSuccess: (reply) => {
            toast.success(`Deleted ${name}`, {
              description: restartNote(reply.restarts).replace('with it', 'without it'),
            });
            onClose();
          },
        })
      }
    >
      <p>
        Agents that use it start again without it. A model that needs it falls back to another key, or to demo answers.
      </p>
      {problem && (
        <Notice tone="error" title={problem.title} className="mt-3">
          {problem.advice}
        </Notice>
      )}
    </ConfirmDialog>
  );
}
