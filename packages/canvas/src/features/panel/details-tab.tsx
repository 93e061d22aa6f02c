import type { LoggedEvent, Workspace } from '@molecule/contract';
import type { ReactNode } from 'react';
import { Link } from 'react-router';
import { useFleet } from '../../app/services-context.js';
import { useDialog } from '../../app/use-navigation.js';
import { useNow } from '../../app/use-now.js';
import { statusSince } from '../../model/agent-history.js';
import { errorOf } from '../../model/card-notes.js';
import { ageOf, agoOf, exactTime } from '../../model/relative-time.js';
import { hasOtherParent } from '../../model/selectors.js';
import { statusStyle } from '../../model/status.js';
import { Button } from '../../ui/button.js';
import { CopyButton } from '../../ui/copy-button.js';
import { WorkspaceTokensSection } from '../access/workspace-tokens-section.js';
import { AssignmentForm } from './assignment-form.js';
import { DangerZone } from './danger-zone.js';
import { SettingsForm } from './settings-form.js';
import { TemplateForm } from './template-form.js';
import { useAssignment } from './use-assignment.js';
import { useHistory } from './use-history.js';

export function DetailsTab({ agent }: { agent: Workspace }) {
  const events = useHistory(agent.id);
  const assignment = useAssignment(agent.id);
  return (
    <div className="relative h-full space-y-6 overflow-y-auto p-4">
      <SettingsForm agent={agent} />
      <TemplateForm agent={agent} />
      <Facts agent={agent} events={events} />
      <AssignmentForm agent={agent} assignment={assignment} />
      <WorkspaceTokensSection agent={agent} />
      <DangerZone agent={agent} />
    </div>
  );
}

function Facts({ agent, events }: { agent: Workspace; events: readonly LoggedEvent[] }) {
  const now = useNow(10_000);
  const team = useFleet((state) => state.teams.get(agent.id));
  return (
    <section className="border-t border-line pt-5">
      <h3 className="sr-only">Facts</h3>
      <dl className="grid grid-cols-[7.5rem_1fr] gap-y-2.5 text-sm">
        <StatusFact agent={agent} since={statusSince(agent.status, events)} now={now} />
        <Fact name="Model">{agent.model ?? (agent.demo ? 'none: demo answers' : 'chosen by the runtime')}</Fact>
        <LeadFact agent={agent} />
        <Fact name="Team">{team ? `${team.direct} direct, ${team.all} in all` : 'no members'}</Fact>
        <Fact name="Running tasks">{`${agent.active_tasks} of at most ${agent.max_concurrent_tasks}`}</Fact>
        {agent.last_error_rate > 0 && <Fact name="Errors">{`${Math.round(agent.last_error_rate * 100)} %`}</Fact>}
        <Fact name="Last heartbeat">
          {agent.last_heartbeat_at ? <Ago at={agent.last_heartbeat_at} now={now} /> : 'never'}
        </Fact>
        <Fact name="Address">
          {agent.url === '' ? (
            'none'
          ) : (
            <span className="flex items-center gap-1">
              <code className="min-w-0 truncate font-mono text-xs" title={agent.url}>
                {agent.url}
              </code>
              <CopyButton text={agent.url} label="Copy address" />
            </span>
          )}
        </Fact>
        <Fact name="Created">
          <Ago at={agent.created_at} now={now} />
        </Fact>
        <Fact name="Id">
          <span className="flex items-center gap-1">
            <code className="min-w-0 truncate font-mono text-xs">{agent.id}</code>
            <CopyButton text={agent.id} label="Copy id" />
          </span>
        </Fact>
      </dl>
    </section>
  );
}

/** Status, its reason, and since when. */
function StatusFact({ agent, since, now }: { agent: Workspace; since: string | null; now: number }) {
  const { label, meaning } = statusStyle(agent.status);
  const reason = errorOf(agent);
  return (
    <Fact name="Status">
      {label}
      {since !== null && (
        <time dateTime={since} title={exactTime(since)}>
          {ageOf(since, now) === 'now' ? ' just now' : ` for ${ageOf(since, now)}`}
        </time>
      )}
      <p className="text-xs text-ink-faint">{reason || meaning}</p>
    </Fact>
  );
}

function LeadFact({ agent }: { agent: Workspace }) {
  const dialog = useDialog();
  const parent = useFleet((state) => (agent.parent_id === null ? undefined : state.fleet.agents.get(agent.parent_id)));
  const movable = useFleet((state) => hasOtherParent(state.fleet, agent.id));
  return (
    <Fact name="Lead">
      <span className="flex items-center gap-2">
        {parent ? (
          <Link to={`/w/${parent.id}/details`} className="min-w-0 truncate rounded text-accent hover:underline">
            {parent.name}
          </Link>
        ) : (
          'none: top of the organisation'
        )}
        {movable && (
          <Button size="small" look="quiet" className="-my-1" onClick={() => dialog.open('move', agent.id)}>
            Move
          </Button>
        )}
      </span>
    </Fact>
  );
}

function Ago({ at, now }: { at: string; now: number }) {
  return (
    <time dateTime={at} title={exactTime(at)}>
      {agoOf(at, now)}
    </time>
  );
}

function Fact({ name, children }: { name: string; children: ReactNode }) {
  return (
    <>
      <dt className="text-ink-faint">{name}</dt>
      <dd className="min-w-0 break-words">{children}</dd>
    </>
  );
}
