import type { Workspace } from '@molecule/contract';
import { useMutation } from '@tanstack/react-query';
import { type ReactNode, useState } from 'react';
import { toast } from 'sonner';
import { useFleet, useServices } from '../../app/services-context.js';
import { useNow } from '../../app/use-now.js';
import { problemOf } from '../../model/problem.js';
import { agoOf, exactTime } from '../../model/relative-time.js';
import { Button } from '../../ui/button.js';
import { CopyButton } from '../../ui/copy-button.js';
import { TextField } from '../../ui/field.js';
import { Notice } from '../../ui/notice.js';
import { TemplateForm } from './template-form.js';

export function DetailsTab({ agent }: { agent: Workspace }) {
  return (
    <div className="relative h-full space-y-6 overflow-y-auto p-4">
      <EditForm agent={agent} />
      <TemplateForm agent={agent} />
      <Facts agent={agent} />
    </div>
  );
}

function EditForm({ agent }: { agent: Workspace }) {
  const { client } = useServices();
  const [name, setName] = useState(agent.name);
  const [role, setRole] = useState(agent.role ?? '');
  const changed = name !== agent.name || role !== (agent.role ?? '');
  const save = useMutation({
    mutationFn: () =>
      client.call('patchWorkspace', {
        params: { id: agent.id },
        body: { name, role: role.trim() === '' ? null : role },
      }),
    onSuccess: () => toast.success('Saved'),
  });
  const problem = save.error ? problemOf(save.error) : null;
  return (
    <form
      className="space-y-3"
      onSubmit={(event) => {
        event.preventDefault();
        if (changed && name.trim() !== '') save.mutate();
      }}
    >
      <TextField label="Name" value={name} onChange={(event) => setName(event.target.value)} required maxLength={255} />
      <TextField
        label="Role"
        value={role}
        onChange={(event) => setRole(event.target.value)}
        maxLength={1000}
        hint="One line that tells people and other agents what to ask for."
      />
      {problem && (
        <Notice tone="error" title={problem.title}>
          {problem.advice}
        </Notice>
      )}
      <div className="flex gap-2">
        <Button type="submit" look="primary" disabled={!changed || name.trim() === ''} pending={save.isPending}>
          Save
        </Button>
        {changed && (
          <Button
            onClick={() => {
              setName(agent.name);
              setRole(agent.role ?? '');
            }}
          >
            Revert
          </Button>
        )}
      </div>
    </form>
  );
}

function Facts({ agent }: { agent: Workspace }) {
  const now = useNow(10_000);
  const parent = useFleet((state) => (agent.parent_id === null ? undefined : state.fleet.agents.get(agent.parent_id)));
  const team = useFleet((state) => state.teams.get(agent.id));
  return (
    <dl className="grid grid-cols-[8.5rem_1fr] gap-y-2.5 text-sm">
      <Fact name="Runtime">{agent.runtime || 'not chosen'}</Fact>
      <Fact name="Model">{agent.model ?? (agent.demo ? 'none: demo answers' : 'chosen by the runtime')}</Fact>
      <Fact name="Template">{agent.template || 'none'}</Fact>
      <Fact name="Lead">{parent?.name ?? 'none: top of the organisation'}</Fact>
      <Fact name="Team">{team ? `${team.direct} direct, ${team.all} in all` : 'no members'}</Fact>
      <Fact name="Running tasks">{`${agent.active_tasks} of at most ${agent.max_concurrent_tasks}`}</Fact>
      <Fact name="Last heartbeat">
        {agent.last_heartbeat_at ? (
          <time dateTime={agent.last_heartbeat_at} title={exactTime(agent.last_heartbeat_at)}>
            {agoOf(agent.last_heartbeat_at, now)}
          </time>
        ) : (
          'never'
        )}
      </Fact>
      <Fact name="Created">
        <time dateTime={agent.created_at}>{exactTime(agent.created_at)}</time>
      </Fact>
      <Fact name="Id">
        <span className="flex items-center gap-1">
          <code className="truncate font-mono text-xs">{agent.id}</code>
          <CopyButton text={agent.id} label="Copy id" />
        </span>
      </Fact>
    </dl>
  );
}

function Fact({ name, children }: { name: string; children: ReactNode }) {
  return (
    <>
      <dt className="text-ink-faint">{name}</dt>
      <dd className="min-w-0 break-words">{children}</dd>
    </>
  );
}
