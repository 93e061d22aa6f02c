import type { AdminDelegation } from '@molecule/contract';
import { RotateCw } from 'lucide-react';
import { Button } from '../../ui/button.js';
import { useDelegationAction } from './use-delegations.js';

/** Gives the task of a failed delegation once more, as a delegation of its own; once for each look at it. */
export function RetryButton({ delegation }: { delegation: Pick<AdminDelegation, 'caller_id' | 'delegation_id'> }) {
  const action = useDelegationAction(delegation);
  return (
    <Button
      size="small"
      icon={RotateCw}
      pending={action.isPending}
      disabled={action.isSuccess}
      onClick={() => action.mutate('retry')}
    >
      {action.isSuccess ? 'Given again' : 'Give it again'}
    </Button>
  );
}
