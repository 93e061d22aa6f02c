import type { Secret } from '@molecule/contract';
import { CircleCheck, CircleDashed, Trash2 } from 'lucide-react';
import { useState } from 'react';
import { useNow } from '../../app/use-now.js';
import { problemOf } from '../../model/problem.js';
import { agoOf } from '../../model/relative-time.js';
import { Button, IconButton } from '../../ui/button.js';
import { TextField } from '../../ui/field.js';
import type { KnownKey, KnownProvider } from './known-keys.js';
import { useSaveSecret } from './queries.js';
import { tellSaved } from './restart-note.js';

interface ProviderCardProps {
  provider: KnownProvider;
  saved: ReadonlyMap<string, Secret>;
  onDelete: (name: string) => void;
}

export function ProviderCard({ provider, saved, onDelete }: ProviderCardProps) {
  const complete = provider.keys.every((key) => saved.has(key.name));
  const Mark = complete ? CircleCheck : CircleDashed;
  return (
    <section className="rounded-xl border border-line p-4">
      <h4 className="flex items-center gap-2 text-sm font-semibold">
        {provider.label}
        <span className={`flex items-center gap-1 text-xs font-medium ${complete ? 'text-ok' : 'text-ink-faint'}`}>
          <Mark aria-hidden className="size-3.5" />
          {complete ? 'Ready' : 'Not set'}
        </span>
      </h4>
      <p className="mt-0.5 text-sm text-ink-soft">{provider.explain}</p>
      <div className="mt-3 space-y-3">
        {provider.keys.map((key) => (
          <KeyRow key={key.name} known={key} secret={saved.get(key.name)} onDelete={() => onDelete(key.name)} />
        ))}
      </div>
    </section>
  );
}

function KeyRow({ known, secret, onDelete }: { known: KnownKey; secret: Secret | undefined; onDelete: () => void }) {
  const now = useNow(30_000);
  const [value, setValue] = useState('');
  const save = useSaveSecret();
  const problem = save.error ? problemOf(save.error) : null;
  const label = `${known.label} (${known.name})`;
  return (
    <form
      className="flex items-start gap-2"
      onSubmit={(event) => {
        event.preventDefault();
        if (value.trim() === '' || save.isPending) return;
        save.mutate(
          { key: known.name, value: value.trim() },
          {
            onSuccess: (reply) => {
              tellSaved(known.name, reply.restarts);
              setValue('');
            },
          },
        );
      }}
    >
      <div className="flex-1">
        <TextField
          bare
          label={label}
          placeholder={
            secret
              ? `${known.label}: saved ${agoOf(secret.updated_at, now)}; type to replace`
              : `${known.label}. ${known.hint}`
          }
          type={known.visible ? 'text' : 'password'}
          autoComplete="new-password"
          value={value}
          onChange={(event) => setValue(event.target.value)}
          error={problem && `${problem.title}. ${problem.advice}`}
        />
      </div>
      <Button type="submit" pending={save.isPending} disabled={value.trim() === ''}>
        {secret ? 'Replace' : 'Save'}
      </Button>
      {secret && <IconButton icon={Trash2} label={`Delete ${known.name}`} onClick={onDelete} className="mt-0.5" />}
    </form>
  );
}
