import type { Workspace } from '@molecule/contract';
import { useFleet } from '../../app/services-context.js';
import { blastRadiusOf } from '../../model/blast-radius.js';
import { verbsFor } from '../../model/lifecycle-verbs.js';
import { VerbButton } from '../lifecycle/verb-button.js';
import { verbLooks } from '../lifecycle/verb-looks.js';

/** What cannot be undone, apart from the rest; each asks first and names whom it reaches. */
export function DangerZone({ agent }: { agent: Workspace }) {
  const fleet = useFleet((state) => state.fleet);
  const verbs = verbsFor(fleet, agent).filter((verb) => verbLooks[verb].danger);
  if (verbs.length === 0) return null;
  const below = blastRadiusOf(fleet, agent.id, 'collapse').affected.length;
  return (
    <section className="rounded-xl border border-danger/50 p-4">
      <h3 className="text-sm font-semibold">Cannot be undone</h3>
      <p className="mt-0.5 mb-3 text-sm text-ink-soft">
        {below === 0
          ? 'Removing it deletes its files and configuration; conversations stay on record.'
          : `Below it are ${below === 1 ? 'one agent' : `${below} agents`}. You see who goes before anything is done.`}
      </p>
      <div className="flex flex-wrap gap-2">
        {verbs.map((verb) => (
          <VerbButton key={verb} verb={verb} agent={agent} />
        ))}
      </div>
    </section>
  );
}
