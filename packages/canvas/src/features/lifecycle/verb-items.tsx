import type { Workspace } from '@molecule/contract';
import { useFleet } from '../../app/services-context.js';
import { isExternal, type LifecycleVerb, verbsFor } from '../../model/lifecycle-verbs.js';
import { MenuItem } from '../../ui/menu.js';
import { useIsActing } from './use-verbs.js';
import { useVerbSubject, verbLabel } from './verb-button.js';
import { verbLooks } from './verb-looks.js';

const externalNote = 'It runs outside of this server. Restart or stop it where it runs; it joins again by itself.';

interface VerbItemsProps {
  agent: Workspace;
  danger: boolean;
  act: (verb: LifecycleVerb, subject: Workspace) => void;
}

/** The verbs that fit the status of an agent, as items of a menu; those that cannot be undone apart from the others. */
export function VerbItems({ agent, danger, act }: VerbItemsProps) {
  const fleet = useFleet((state) => state.fleet);
  return verbsFor(fleet, agent)
    .filter((verb) => verbLooks[verb].danger === danger)
    .map((verb) => <VerbItem key={verb} verb={verb} agent={agent} act={act} />);
}

function VerbItem({ verb, agent, act }: Omit<VerbItemsProps, 'danger'> & { verb: LifecycleVerb }) {
  const subject = useVerbSubject(verb, agent);
  const acting = useIsActing(subject.id, verb);
  const { icon, danger } = verbLooks[verb];
  return (
    <MenuItem icon={icon} danger={danger} disabled={acting} opensDialog onSelect={() => act(verb, subject)}>
      {verbLabel(verb, agent, subject)}
    </MenuItem>
  );
}

/** Why an agent is offered less than others; null when it is not. */
export function offerNote(agent: Workspace): string | null {
  return isExternal(agent) ? externalNote : null;
}
