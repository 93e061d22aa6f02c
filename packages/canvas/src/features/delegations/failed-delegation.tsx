import { Notice } from '../../ui/notice.js';
import { reasonWords } from './delegation-words.js';
import { RetryButton } from './retry-button.js';
import { useDelegation } from './use-delegations.js';

interface FailedDelegationProps {
  callerId: string;
  delegationId: string;
  /** What the log says, shown until the ledger has been asked, and in its place where it no longer knows. */
  error: string | null;
}

/** Why a delegation came to nothing, what to do next, and its task once more. */
export function FailedDelegation({ callerId, delegationId, error }: FailedDelegationProps) {
  const delegation = useDelegation(callerId, delegationId).data;
  const why = delegation?.error_detail || error || 'No reason was recorded.';
  return (
    <Notice
      tone="error"
      quiet
      title={delegation?.status === 'stuck' ? 'Stuck' : reasonWords(delegation?.reason)}
      actions={<RetryButton delegation={{ caller_id: callerId, delegation_id: delegationId }} />}
    >
      <p>{why}</p>
      {delegation?.next_step && <p className="mt-1 text-ink">{delegation.next_step}</p>}
    </Notice>
  );
}
