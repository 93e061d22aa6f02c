import type { Workspace } from '@molecule/contract';
import { type BlastRadius, tasksOf, workOf } from '../../model/blast-radius.js';
import { statusStyle } from '../../model/status.js';
import { StatusIcon } from '../agents/status-mark.js';
import type { VerbWords } from './verb-words.js';

const SHOWN = 8;

/** Who is reached and what they are at, then what stays and what is lost. */
export function BlastView({
  radius,
  words,
}: {
  radius: BlastRadius;
  words: Pick<VerbWords, 'effect' | 'kept' | 'lost'>;
}) {
  const { affected, atWork } = radius;
  const rest = affected.length - SHOWN;
  const restAtWork = atWork - SHOWN;
  return (
    <>
      <p>{words.effect}</p>
      {(affected.length > 1 || atWork > 0) && (
        <>
          <p className="mt-3 font-medium text-ink">{countLine(radius)}</p>
          <ul className="mt-1.5 space-y-1 rounded-xl bg-sunken px-3 py-2">
            {affected.slice(0, SHOWN).map((agent) => (
              <AffectedAgent key={agent.id} agent={agent} />
            ))}
            {rest > 0 && (
              <li className="text-ink-faint">
                and {rest} more{restAtWork > 0 && `, ${restAtWork} of them at work`}
              </li>
            )}
          </ul>
        </>
      )}
      <dl className="mt-3 grid grid-cols-[auto_1fr] gap-x-3 gap-y-1">
        <dt className="font-medium text-ink">Kept</dt>
        <dd>{words.kept}</dd>
        <dt className="font-medium text-ink">Lost</dt>
        <dd>{words.lost}</dd>
      </dl>
    </>
  );
}

function countLine({ affected, atWork }: BlastRadius): string {
  const [only] = affected;
  if (only && affected.length === 1) return `At work: ${tasksOf(only)}`;
  const work =
    atWork === 0 ? 'nobody is at work now' : atWork === 1 ? 'one is at work now' : `${atWork} are at work now`;
  return `${affected.length} agents, ${work}`;
}

function AffectedAgent({ agent }: { agent: Workspace }) {
  const work = workOf(agent);
  return (
    <li className="flex items-center gap-2">
      <StatusIcon status={agent.status} still className="size-3.5" />
      <span className="sr-only">{statusStyle(agent.status).label}: </span>
      <span className="max-w-[55%] shrink-0 truncate text-ink">{agent.name}</span>
      {work !== null && (
        <span className="min-w-0 truncate text-busy" title={work}>
          {work}
        </span>
      )}
    </li>
  );
}
