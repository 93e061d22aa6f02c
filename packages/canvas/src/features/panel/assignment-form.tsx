import type { Workspace } from '@molecule/contract';
import { useMutation } from '@tanstack/react-query';
import { useState } from 'react';
import { toast } from 'sonner';
import { useServices } from '../../app/services-context.js';
import { useNow } from '../../app/use-now.js';
import { problemOf } from '../../model/problem.js';
import { agoOf } from '../../model/relative-time.js';
import { Button } from '../../ui/button.js';
import { ConfirmDialog } from '../../ui/confirm-dialog.js';
import { TextField } from '../../ui/field.js';
import { Notice } from '../../ui/notice.js';
import type { Assignment } from './use-assignment.js';

/** Who is on record as working here. The record is for clients that read it; it starts and stops nothing. */
export function AssignmentForm({ agent, assignment }: { agent: Workspace; assignment: Assignment }) {
  const { client } = useServices();
  const now = useNow(30_000);
  const [model, setModel] = useState('');
  const [removing, setRemoving] = useState(false);
  const params = { id: agent.id };
  // Where it could not be read, the refusal of the server tells.
  const [taken, setTaken] = useState(false);
  const assigned = assignment.state === 'assigned' || (assignment.state === 'unknown' && taken);
  const assign = useMutation({
    mutationFn: async (next: string): Promise<string> => {
      const input = { params, body: { model: next } };
      const reply = assigned ? await client.call('replaceAgent', input) : await client.call('assignAgent', input);
      return reply.body.model;
    },
    onSuccess: (next) => {
      setModel('');
      toast.success(`On record: ${next}`);
    },
    onError: (error) => setTaken(problemOf(error).code === 'agent_already_assigned'),
  });
  const remove = useMutation({
    mutationFn: () => client.call('removeAgent', { params }),
    onSuccess: () => {
      setRemoving(false);
      toast.success('Taken off the record');
    },
  });
  const problem = assign.error ? problemOf(assign.error) : null;
  const refusedRemoval = remove.error ? problemOf(remove.error) : null;
  return (
    <form
      className="space-y-3 border-t border-line pt-5"
      onSubmit={(event) => {
        event.preventDefault();
        if (model.trim() !== '' && !assign.isPending) assign.mutate(model.trim());
      }}
    >
      <div className="flex items-start gap-2">
        <div className="min-w-0 flex-1">
          <TextField
            label="Assigned agent"
            placeholder={assigned ? 'Model of the one that replaces it' : 'Model of the agent'}
            maxLength={200}
            value={model}
            onChange={(event) => setModel(event.target.value)}
            error={problem && `${problem.title}. ${problem.advice}`}
            hint={
              assignment.state === 'assigned'
                ? `On record: ${assignment.model}, assigned ${agoOf(assignment.since, now)}.`
                : `${assigned ? 'Somebody is' : 'Nobody is'} on record. The record is for clients that read it; it starts and stops nothing.`
            }
          />
        </div>
        <Button type="submit" pending={assign.isPending} disabled={model.trim() === ''} className="mt-[1.6rem]">
          {assigned ? 'Replace' : 'Assign'}
        </Button>
        {assigned && (
          <Button
            look="quiet"
            aria-label="Remove the assigned agent"
            onClick={() => setRemoving(true)}
            className="mt-[1.6rem]"
          >
            Remove
          </Button>
        )}
      </div>
      <ConfirmDialog
        open={removing}
        title={`Take the agent of ${agent.name} off the record?`}
        confirmLabel="Remove from record"
        pending={remove.isPending}
        onConfirm={() => remove.mutate()}
        onCancel={() => {
          remove.reset();
          setRemoving(false);
        }}
        extra={
          refusedRemoval && (
            <Notice tone="error" title={refusedRemoval.title} className="mt-4">
              {refusedRemoval.advice}
            </Notice>
          )
        }
      >
        <p>{agent.name} stays and goes on running; only the record of who works in it ends.</p>
      </ConfirmDialog>
    </form>
  );
}
