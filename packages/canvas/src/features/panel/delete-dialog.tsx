import type { Workspace } from '@molecule/contract';
import { useMutation } from '@tanstack/react-query';
import { toast } from 'sonner';
import { useFleet, useServices } from '../../app/services-context.js';
import { useGo } from '../../app/use-navigation.js';
import { problemOf } from '../../model/problem.js';
import { descendantsOf } from '../../model/selectors.js';
import { ConfirmDialog } from '../../ui/confirm-dialog.js';
import { Notice } from '../../ui/notice.js';

const SHOWN = 8;

/** Says who goes with the agent before anything is deleted. */
export function DeleteDialog({ agent, onClose }: { agent: Workspace; onClose: () => void }) {
  const { client } = useServices();
  const fleet = useFleet((state) => state.fleet);
  const go = useGo();
  const names = descendantsOf(fleet, agent.id).map((id) => fleet.agents.get(id)?.name ?? id);

  const remove = useMutation({
    mutationFn: async () => {
      const params = { id: agent.id };
      // Only what this dialog has named may go: without members on screen the server must refuse to cascade.
      const query = names.length > 0 ? { confirm: true } : {};
      return client.call('deleteWorkspace', { params, query }, { timeoutMs: 60_000 });
    },
    onSuccess: (reply) => {
      if (reply.status === 409) return;
      toast.success(`Deleted ${agent.name}`, {
        ...(reply.body.cascade_deleted > 0 ? { description: `and ${reply.body.cascade_deleted} agents below it` } : {}),
      });
      onClose();
      go.canvas();
    },
  });
  const problem = remove.error ? problemOf(remove.error) : null;
  const unexpected = remove.data?.status === 409 ? remove.data.body.children : [];

  return (
    <ConfirmDialog
      open
      title={`Delete ${agent.name}?`}
      confirmLabel={names.length > 0 ? `Delete ${names.length + 1} agents` : 'Delete agent'}
      pending={remove.isPending}
      onConfirm={() => remove.mutate()}
      onCancel={onClose}
    >
      <p>The agent is stopped and its access is revoked. Its conversation and activity stay on record.</p>
      {names.length > 0 && (
        <>
          <p className="mt-3 font-medium text-ink">
            {names.length === 1 ? 'One agent below it goes as well:' : `${names.length} agents below it go as well:`}
          </p>
          <ul className="mt-1 list-disc pl-5">
            {names.slice(0, SHOWN).map((name, index) => (
              <li key={`${name}-${index.toString()}`}>{name}</li>
            ))}
            {names.length > SHOWN && <li>and {names.length - SHOWN} more</li>}
          </ul>
        </>
      )}
      {unexpected.length > 0 && (
        <Notice tone="warning" title="It has got members in the meantime" className="mt-3">
          {unexpected.map((child) => child.name).join(', ')}. Close this and look again before you delete them.
        </Notice>
      )}
      {problem && (
        <Notice tone="error" title={problem.title} className="mt-3">
          {problem.advice}
        </Notice>
      )}
    </ConfirmDialog>
  );
}
