import type { Template } from '@molecule/contract';
import { useMutation, useQuery } from '@tanstack/react-query';
import { useState } from 'react';
import { toast } from 'sonner';
import { useFleet, useServices } from '../../app/services-context.js';
import { useDialog, useGo } from '../../app/use-navigation.js';
import { problemOf } from '../../model/problem.js';
import { treeOrder } from '../../model/selectors.js';
import { Button } from '../../ui/button.js';
import { classes } from '../../ui/classes.js';
import { Dialog } from '../../ui/dialog.js';
import { SelectField, TextField } from '../../ui/field.js';
import { Notice } from '../../ui/notice.js';
import { SkeletonRows } from '../../ui/placeholder.js';
import { Segments } from '../../ui/segments.js';
import { keepConnection } from '../connect/use-connection.js';

const places = [
  { id: 'here', label: 'On this server' },
  { id: 'elsewhere', label: 'Elsewhere' },
] as const;

export function CreateDialog({ parentId }: { parentId: string | null }) {
  const { client, queries } = useServices();
  const dialog = useDialog();
  const go = useGo();
  const fleet = useFleet((state) => state.fleet);
  const templates = useQuery({
    queryKey: ['templates'],
    queryFn: async ({ signal }) => (await client.call('listTemplates', {}, { signal })).body,
  });
  const [name, setName] = useState('');
  const [role, setRole] = useState('');
  const [parent, setParent] = useState(parentId !== null && fleet.agents.has(parentId) ? parentId : '');
  const [picked, setPicked] = useState<string | null>(null);
  const template = picked ?? templates.data?.[0]?.id ?? '';
  const [place, setPlace] = useState<'here' | 'elsewhere'>('here');
  const elsewhere = place === 'elsewhere';

  const create = useMutation({
    mutationFn: () =>
      client.call('createWorkspace', {
        body: {
          name: name.trim(),
          ...(role.trim() === '' ? {} : { role: role.trim() }),
          ...(elsewhere ? { external: true } : template === '' ? {} : { template }),
          ...(parent === '' ? {} : { parent_id: parent }),
        },
      }),
    onSuccess: ({ body }) => {
      if (!('connection' in body) || !body.connection) {
        toast.success(`${name.trim()} is starting`);
        return go.agent(body.id, 'chat');
      }
      toast.success(`${name.trim()} waits for its agent`);
      keepConnection(queries, body.connection);
      return dialog.open('connect', body.id);
    },
  });
  const problem = create.error ? problemOf(create.error) : null;
  const form = 'create-agent';

  return (
    <Dialog
      open
      onClose={dialog.close}
      locked={create.isPending}
      title="Add an agent"
      description={`A lasting role in your organisation. It ${elsewhere ? 'is online as soon as it calls' : 'starts at once'}.`}
      footer={
        <>
          <Button onClick={dialog.close} disabled={create.isPending}>
            Cancel
          </Button>
          <Button type="submit" form={form} look="primary" pending={create.isPending} disabled={name.trim() === ''}>
            Add agent
          </Button>
        </>
      }
    >
      <form
        id={form}
        className="space-y-4"
        onSubmit={(event) => {
          event.preventDefault();
          if (name.trim() !== '' && !create.isPending) create.mutate();
        }}
      >
        <TextField
          data-autofocus
          label="Name"
          value={name}
          onChange={(event) => setName(event.target.value)}
          maxLength={255}
          placeholder="Researcher"
          required
        />
        <TextField
          label="Role"
          value={role}
          onChange={(event) => setRole(event.target.value)}
          maxLength={1000}
          placeholder="Finds sources and checks facts"
          hint="Other agents read this to decide what to ask for."
        />
        <SelectField label="Lead" value={parent} onChange={(event) => setParent(event.target.value)}>
          <option value="">None: at the top of the organisation</option>
          {treeOrder(fleet).map(({ id, depth }) => (
            <option key={id} value={id}>
              {'\u00a0\u00a0'.repeat(depth)}
              {fleet.agents.get(id)?.name}
            </option>
          ))}
        </SelectField>
        <Segments
          label="Where it runs"
          labelLook="mb-1 text-sm font-medium"
          options={places}
          value={place}
          onChange={setPlace}
        />
        {elsewhere ? (
          <p className="text-sm text-ink-soft">
            On a laptop, another machine or inside another program. You get the lines to paste in the next step.
          </p>
        ) : templates.isPending ? (
          <SkeletonRows label="Loading the templates" rows={2} />
        ) : (
          templates.data &&
          templates.data.length > 0 && <Templates list={templates.data} picked={template} onPick={setPicked} />
        )}
        {!elsewhere && templates.isError && (
          <Notice tone="warning" title="The templates could not be read">
            You can add the agent without one; it gets the default of this server.
          </Notice>
        )}
        {problem && (
          <Notice tone="error" title={problem.title}>
            {problem.advice}
          </Notice>
        )}
      </form>
    </Dialog>
  );
}

function Templates({
  list,
  picked,
  onPick,
}: {
  list: readonly Template[];
  picked: string;
  onPick: (id: string) => void;
}) {
  return (
    <fieldset>
      <legend className="mb-1 text-sm font-medium">Template</legend>
      <div className="grid gap-2 sm:grid-cols-2">
        {list.map((template) => (
          <label
            key={template.id}
            className={classes(
              'cursor-pointer rounded-xl border p-3 has-focus-visible:outline-2 has-focus-visible:outline-accent',
              picked === template.id ? 'border-accent bg-accent-soft' : 'border-line hover:bg-hover',
            )}
          >
            <input
              type="radio"
              name="template"
              value={template.id}
              checked={picked === template.id}
              onChange={() => onPick(template.id)}
              className="sr-only"
            />
            <span className="flex items-baseline justify-between gap-2">
              <span className="text-sm font-medium">{template.name || template.id}</span>
              <span className="text-xs text-ink-faint">{template.runtime}</span>
            </span>
            <span className="mt-0.5 line-clamp-2 block text-xs text-ink-soft">{template.description}</span>
          </label>
        ))}
      </div>
    </fieldset>
  );
}
