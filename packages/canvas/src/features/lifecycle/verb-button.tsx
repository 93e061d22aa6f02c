import type { Workspace } from '@molecule/contract';
import { useFleet } from '../../app/services-context.js';
import { type LifecycleVerb, resumeTarget } from '../../model/lifecycle-verbs.js';
import { Button } from '../../ui/button.js';
import { useAct, useIsActing } from './use-verbs.js';
import { verbLooks } from './verb-looks.js';

/** A button for one verb; it shows progress from whichever place the verb was started. */
export function VerbButton({ verb, agent }: { verb: LifecycleVerb; agent: Workspace }) {
  const subject = useVerbSubject(verb, agent);
  const acting = useIsActing(subject.id, verb);
  const act = useAct();
  return (
    <Button size="small" icon={verbLooks[verb].icon} pending={acting} onClick={() => act(verb, subject)}>
      {verbLabel(verb, agent, subject)}
    </Button>
  );
}

/** On whom a verb acts that was asked of an agent: a pause that came from above ends where it began. */
export function useVerbSubject(verb: LifecycleVerb, agent: Workspace): Workspace {
  return useFleet((state) => (verb === 'resume' ? resumeTarget(state.fleet, agent) : agent));
}

export function verbLabel(verb: LifecycleVerb, agent: Workspace, subject: Workspace): string {
  const { label } = verbLooks[verb];
  return subject.id === agent.id ? label : `${label} ${subject.name}`;
}
