import type { Workspace } from '@molecule/contract';
import { useFleet } from '../../app/services-context.js';
import { firstVerbFor, verbsFor } from '../../model/lifecycle-verbs.js';
import { pendingChange } from '../../model/pending-change.js';
import { Notice } from '../../ui/notice.js';
import { VerbButton } from '../lifecycle/verb-button.js';

/** Says that something stored is not in force yet, and offers what brings it about. */
export function PendingNotice({ agent }: { agent: Workspace }) {
  const offersRestart = useFleet((state) => verbsFor(state.fleet, agent).includes('restart'));
  const pending = pendingChange(agent);
  if (pending === null) return null;
  // Where the header already has the button, a second one would only ask which of them is meant.
  const action =
    offersRestart && firstVerbFor(agent) !== 'restart' ? <VerbButton verb="restart" agent={agent} /> : undefined;
  return (
    <Notice tone="info" title={pending.title} action={action} className="mt-3">
      {pending.advice}
    </Notice>
  );
}
