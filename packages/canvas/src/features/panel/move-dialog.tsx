import type { Workspace } from '@molecule/contract';
import { useMutation } from '@tanstack/react-query';
import { useState } from 'react';
import { toast } from 'sonner';
import { useAgent, useFleet, useServices } from '../../app/services-context.js';
import { useDialog } from '../../app/use-navigation.js';
import { problemOf } from '../../model/problem.js';
import { descendantsOf, treeOrder } from '../../model/selectors.js';
import { Button } from '../../ui/button.js';
import { Dialog } from '../../ui/dialog.js';
import { SelectField } from '../../ui/field.js';
import { Notice } from '../../ui/notice.js';

/** Another parent: who may talk to whom follows from the tree, so this is a decision, not a drag. */
export function MoveDialog({ id }: { id: string }) {
  const agent = useAgent(id);
  return agent ? <MoveForm agent={agent} /> : null;
}

function MoveForm({ agent }: { agent: Workspace }) {
  const { client } = useServices();
  const { close } = useDialog();
  const fleet = useFleet((state) => state.fleet);
  const [parent, setParent] = useState(agent.parent_id ?? '');
  const below = new Set([agent.id, ...descendantsOf(fleet, agent.id)]);
  const choices = treeOrder(fleet).filter((row) => !below.has(row.id));

  const move = useMutation({
    mutationFn: async () => {
      await client.call('patchWorkspace', {
        params: { id: agent.id },
        body: { parent_id: parent === '' ? null : parent },
      });
      // A position inside the old team means nothing in the other one: (0,0) takes the next free slot.
      const { w, h, z, collapsed } = agent;
      await client.call('putWorkspaceLayout', { params: { id: agent.id }, body: { x: 0, y: 0, w, h, z, collapsed } });
    },
    onSuccess: () => {
      toast.success(`Moved ${agent.name}`);
      close();
    },
  });
  const problem = move.error ? problemOf(move.error) : null;

  return (
    <Dialog
      open
      onClose={close}
      width="narrow"
      title={`Move ${agent.name}`}
      description="An agent can talk to its siblings and to everyone on its line up and down the tree."
      footer={
        <>
          <Button onClick={close}>Cancel</Button>
          <Button
            look="primary"
            pending={move.isPending}
            disabled={parent === (agent.parent_id ?? '')}
            onClick={() => move.mutate()}
          >
            Move
          </Button>
        </>
      }
    >
      <SelectField label="New lead" value={parent} onChange={(event) => setParent(event.target.value)}>
        <option value="">None: at the top of the organisation</option>
        {choices.map(({ id, depth }) => (
          <option key={id} value={id}>
            {'\u00a0\u00a0'.repeat(depth)}
            {fleet.agents.get(id)?.name}
          </option>
        ))}
      </SelectField>
      {problem && (
        <Notice tone="error" title={problem.title} className="mt-3">
          {problem.advice}
        </Notice>
      )}
    </Dialog>
  );
}
