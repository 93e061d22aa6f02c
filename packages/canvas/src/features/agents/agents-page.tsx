import type { Status, Workspace } from '@molecule/contract';
import { SearchX, Users } from 'lucide-react';
import type { MouseEvent } from 'react';
import { Link } from 'react-router';
import { useFleet } from '../../app/services-context.js';
import { useAddressParams } from '../../app/use-address-params.js';
import { useGo } from '../../app/use-navigation.js';
import { useNow } from '../../app/use-now.js';
import { footOf } from '../../model/card-notes.js';
import { agoOf, exactTime } from '../../model/relative-time.js';
import { countByStatus, matchesQuery, treeOrder } from '../../model/selectors.js';
import { canAnswer, statusStyle } from '../../model/status.js';
import { SelectField, TextField } from '../../ui/field.js';
import { Loading, Placeholder } from '../../ui/placeholder.js';
import { EmptyState } from '../import/empty-state.js';
import { RuntimeChips } from './agent-chips.js';
import { StatusChip } from './status-mark.js';

/** The organisation as a table: the same facts and places as the map, for screen readers, long lists and Find. */
export function AgentsPage() {
  const fleet = useFleet((state) => state.fleet);
  const loading = useFleet((state) => state.snapshot.state === 'loading');
  const { params, set } = useAddressParams();
  const now = useNow(10_000);
  const query = params.get('q') ?? '';
  const status = params.get('status') ?? '';

  if (loading) return <Loading label="Loading the organisation" className="h-full" />;
  if (fleet.agents.size === 0) return <EmptyState />;
  const filtered = query !== '' || status !== '';
  const rows = treeOrder(fleet).flatMap(({ id, depth }) => {
    const agent = fleet.agents.get(id);
    if (!agent || (status !== '' && agent.status !== status) || (query !== '' && !matchesQuery(agent, query)))
      return [];
    // A filtered list has no tree any more: ancestors may be missing.
    return [{ agent, depth: filtered ? 0 : depth }];
  });

  return (
    <div className="flex h-full flex-col">
      <div className="flex flex-wrap items-end gap-3 px-6 pt-5 pb-4">
        <h1 className="mr-auto text-xl font-semibold tracking-tight">
          Agents
          <span className="ml-2 text-sm font-normal text-ink-faint">
            {rows.length === fleet.agents.size ? fleet.agents.size : `${rows.length} of ${fleet.agents.size}`}
          </span>
        </h1>
        <div className="w-64">
          <TextField
            bare
            label="Filter by words"
            type="search"
            placeholder="Name, role, runtime"
            value={query}
            onChange={(event) => set({ q: event.target.value })}
          />
        </div>
        <div className="w-48">
          <SelectField
            bare
            label="Filter by status"
            value={status}
            onChange={(event) => set({ status: event.target.value })}
          >
            <option value="">Every status</option>
            {countByStatus(fleet).map((one: { status: Status; count: number }) => (
              <option key={one.status} value={one.status}>
                {statusStyle(one.status).label} ({one.count})
              </option>
            ))}
          </SelectField>
        </div>
      </div>
      {rows.length === 0 ? (
        <Placeholder icon={SearchX} title="No agent matches">
          Change the words or the status.
        </Placeholder>
      ) : (
        <div className="relative min-h-0 flex-1 overflow-auto px-6 pb-6">
          <table className="w-full min-w-190 border-separate border-spacing-0 text-sm">
            <thead>
              <tr className="text-left text-xs text-ink-faint">
                {['Agent', 'Status', 'Runtime', 'Doing now', 'Heartbeat'].map((title) => (
                  <th
                    key={title}
                    scope="col"
                    className="sticky top-0 z-10 border-b border-line bg-canvas py-2 pr-4 font-medium first:pl-3"
                  >
                    {title}
                  </th>
                ))}
              </tr>
            </thead>
            <tbody>
              {rows.map(({ agent, depth }) => (
                <AgentRow key={agent.id} agent={agent} depth={depth} now={now} />
              ))}
            </tbody>
          </table>
        </div>
      )}
    </div>
  );
}

function AgentRow({ agent, depth, now }: { agent: Workspace; depth: number; now: number }) {
  const team = useFleet((state) => state.teams.get(agent.id));
  const go = useGo();
  // The link in the row does the same for keyboards and screen readers, and opens a new tab where that is asked for.
  const open = (event: MouseEvent<HTMLTableRowElement>) => {
    const onLink = event.target instanceof Element && event.target.closest('a') !== null;
    const selecting = String(getSelection() ?? '') !== '';
    if (!onLink && !selecting) go.agent(agent.id);
  };
  return (
    <tr className="cursor-pointer bg-surface hover:bg-hover" onClick={open}>
      <th
        scope="row"
        className="max-w-90 border-b border-line py-2.5 pr-4 text-left font-normal"
        style={{ paddingLeft: 12 + depth * 22 }}
      >
        <span className="flex items-center gap-2">
          <Link to={`/w/${agent.id}/chat`} className="truncate rounded font-medium hover:underline">
            {agent.name || 'Unnamed agent'}
          </Link>
          {team && (
            <span className="inline-flex items-center gap-1 text-xs text-ink-faint" title={`${team.all} below it`}>
              <Users aria-hidden className="size-3.5" />
              {team.all}
            </span>
          )}
        </span>
        {agent.role && <span className="block truncate text-xs text-ink-soft">{agent.role}</span>}
      </th>
      <td className="border-b border-line py-2.5 pr-4 align-top">
        <StatusChip status={agent.status} />
      </td>
      <td className="border-b border-line py-2.5 pr-4 align-top">
        <span className="flex items-center gap-1.5">
          <RuntimeChips agent={agent} />
        </span>
      </td>
      <td className="max-w-80 truncate border-b border-line py-2.5 pr-4 align-top">
        <DoingNow agent={agent} />
      </td>
      <td className="border-b border-line py-2.5 pr-4 align-top whitespace-nowrap text-ink-soft">
        {agent.last_heartbeat_at ? (
          <time dateTime={agent.last_heartbeat_at} title={exactTime(agent.last_heartbeat_at)}>
            {agoOf(agent.last_heartbeat_at, now)}
          </time>
        ) : (
          'never'
        )}
      </td>
    </tr>
  );
}

function DoingNow({ agent }: { agent: Workspace }) {
  const foot = footOf(agent);
  switch (foot.kind) {
    case 'working':
      return <span title={foot.task}>{foot.task || 'Working'}</span>;
    case 'starting':
      return <span title={foot.text}>{foot.text}</span>;
    case 'error':
      return (
        <span className="text-bad" title={foot.text}>
          {foot.text}
        </span>
      );
    case 'nothing':
      return canAnswer(agent.status) ? <span className="text-ink-faint">Idle</span> : null;
  }
}
