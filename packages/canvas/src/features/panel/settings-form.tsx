import type { PatchWorkspace, Workspace } from '@molecule/contract';
import { useMutation } from '@tanstack/react-query';
import { useState } from 'react';
import { toast } from 'sonner';
import { useServices } from '../../app/services-context.js';
import { isExternal } from '../../model/lifecycle-verbs.js';
import { problemOf } from '../../model/problem.js';
import {
  changesOf,
  faultIn,
  fieldRefused,
  type SettingName,
  type Settings,
  settingsOf,
  waitsForRestart,
} from '../../model/settings-change.js';
import { Button } from '../../ui/button.js';
import { SelectField, TextField } from '../../ui/field.js';
import { Notice } from '../../ui/notice.js';
import { VerbButton } from '../lifecycle/verb-button.js';

const tiers = [
  { value: '1', label: 'T1 Sandboxed' },
  { value: '2', label: 'T2 Standard' },
  { value: '3', label: 'T3 Privileged' },
  { value: '4', label: 'T4 Full access' },
];

/** Everything about an agent that can be written in place. What was not touched follows what others change meanwhile. */
export function SettingsForm({ agent }: { agent: Workspace }) {
  const { client } = useServices();
  const [typed, setTyped] = useState<Partial<Settings>>({});
  const save = useMutation({
    mutationFn: (change: PatchWorkspace) => client.call('patchWorkspace', { params: { id: agent.id }, body: change }),
    onSuccess: () => {
      setTyped({});
      toast.success('Saved');
    },
  });
  const values = { ...settingsOf(agent), ...typed };
  const change = changesOf(agent, typed);
  const names = Object.keys(values) as SettingName[];
  const faulty = names.some((name) => faultIn(name, values[name]) !== null);
  const problem = save.error ? problemOf(save.error) : null;
  const refused = fieldRefused(save.error);
  const bind = (name: SettingName) => ({
    value: values[name],
    onChange: (event: { target: { value: string } }) => {
      // A refusal is about what was sent.
      if (refused === name) save.reset();
      setTyped({ ...typed, [name]: event.target.value });
    },
    error: faultIn(name, values[name]) ?? (refused === name && problem ? `${problem.title}. ${problem.advice}` : null),
  });
  const external = isExternal(agent);
  const { error: _, ...tier } = bind('tier');
  return (
    <form
      className="space-y-3"
      onSubmit={(event) => {
        event.preventDefault();
        if (change !== null && !faulty && !save.isPending) save.mutate(change);
      }}
    >
      <TextField label="Name" {...bind('name')} required maxLength={255} />
      <TextField
        label="Role"
        {...bind('role')}
        maxLength={1000}
        hint="One line that tells people and other agents what to ask for."
      />
      <div className="grid grid-cols-2 items-start gap-3">
        <SelectField label="Tier" {...tier} hint="How much of its host it may use; drivers without limits ignore it.">
          {tiers.some((one) => one.value === values.tier) ? null : <option value={values.tier}>T{values.tier}</option>}
          {tiers.map((one) => (
            <option key={one.value} value={one.value}>
              {one.label}
            </option>
          ))}
        </SelectField>
        <TextField
          label="Runtime"
          {...bind('runtime')}
          disabled={external}
          maxLength={100}
          hint={external ? 'It runs elsewhere; this cannot be changed.' : 'The engine that drives it.'}
        />
      </div>
      {!external && (
        <>
          <TextField
            label="Hibernate when idle for, in minutes"
            {...bind('idleMinutes')}
            inputMode="numeric"
            placeholder="Never"
            hint="Stopped until the next message wakes it. Empty or 0: never."
          />
          <TextField
            label="Working folder"
            {...bind('workspaceDir')}
            placeholder="A folder of its own"
            className="font-mono"
            hint="An absolute path on the host of the agent, for work in files of yours."
          />
        </>
      )}
      {problem && refused === null && (
        <Notice tone="error" title={problem.title}>
          {problem.advice}
        </Notice>
      )}
      {save.isSuccess && !external && waitsForRestart(save.variables) && change === null && (
        <Notice tone="info" title="Saved" action={<VerbButton verb="restart" agent={agent} />}>
          It takes effect with the next restart.
        </Notice>
      )}
      <div className="flex gap-2">
        <Button type="submit" look="primary" disabled={change === null || faulty} pending={save.isPending}>
          Save
        </Button>
        {change !== null && (
          <Button
            onClick={() => {
              save.reset();
              setTyped({});
            }}
          >
            Revert
          </Button>
        )}
      </div>
    </form>
  );
}
