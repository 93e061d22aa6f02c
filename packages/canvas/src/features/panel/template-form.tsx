import type { Workspace } from '@molecule/contract';
import { useMutation, useQuery } from '@tanstack/react-query';
import { useState } from 'react';
import { useServices } from '../../app/services-context.js';
import { isExternal } from '../../model/lifecycle-verbs.js';
import { problemOf } from '../../model/problem.js';
import { Button } from '../../ui/button.js';
import { SelectField } from '../../ui/field.js';
import { Notice } from '../../ui/notice.js';
import { VerbButton } from '../lifecycle/verb-button.js';

/** The template an agent is built from. Storing another changes nothing until the next restart, which lays it out. */
export function TemplateForm({ agent }: { agent: Workspace }) {
  const { client } = useServices();
  const [picked, setPicked] = useState<string | null>(null);
  const templates = useQuery({
    queryKey: ['templates'],
    queryFn: async ({ signal }) => (await client.call('listTemplates', {}, { signal })).body,
  });
  const store = useMutation({
    mutationFn: (template: string) =>
      client.call('setWorkspaceTemplate', { params: { id: agent.id }, body: { template } }),
  });
  if (isExternal(agent) || !templates.data) return null;

  const value = picked ?? agent.template;
  const problem = store.error ? problemOf(store.error) : null;
  const isListed = templates.data.some((template) => template.id === agent.template);
  return (
    <form
      className="space-y-3 border-t border-line pt-5"
      onSubmit={(event) => {
        event.preventDefault();
        if (value !== agent.template) store.mutate(value);
      }}
    >
      <SelectField
        label="Template"
        value={value}
        onChange={(event) => setPicked(event.target.value)}
        hint="Another one is laid over the configuration by the next restart; edits to the files it holds are lost."
      >
        <option value="">None: the default of its runtime</option>
        {agent.template !== '' && !isListed && <option value={agent.template}>{agent.template} (not available)</option>}
        {templates.data.map((template) => (
          <option key={template.id} value={template.id}>
            {template.name || template.id}
          </option>
        ))}
      </SelectField>
      {problem && (
        <Notice tone="error" title={problem.title}>
          {problem.advice}
        </Notice>
      )}
      {store.isSuccess && value === agent.template && (
        <Notice tone="info" title="Stored" action={<VerbButton verb="restart" agent={agent} />}>
          It takes effect with the next restart.
        </Notice>
      )}
      <Button type="submit" disabled={value === agent.template} pending={store.isPending}>
        Store template
      </Button>
    </form>
  );
}
