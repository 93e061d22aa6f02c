import type { Workspace } from '@molecule/contract';
import { type NodeProps, useStore } from '@xyflow/react';
import { ChevronDown, ChevronRight, CircleAlert, Ellipsis, RotateCw, Users } from 'lucide-react';
import { memo } from 'react';
import { useAgent, useFleet } from '../../app/services-context.js';
import { HEADER } from '../../model/layout.js';
import { pendingChange } from '../../model/pending-change.js';
import type { TeamSummary } from '../../model/selectors.js';
import { isHeld, type StatusStyle, statusStyle } from '../../model/status.js';
import { classes } from '../../ui/classes.js';
import { RuntimeChips } from '../agents/agent-chips.js';
import { Monogram } from '../agents/monogram.js';
import { StatusChip, StatusIcon } from '../agents/status-mark.js';
import { useCanvasActions } from './canvas-actions.js';
import { CardFooter } from './card-footer.js';
import { CardHint } from './card-hint.js';
import type { AgentNode } from './flow-nodes.js';

/**
 * Level of detail by zoom. From afar the words of a card could not be read: name and status stay, drawn larger; from
 * very far only the colour and shape of the status. Nothing moves there: hundreds of spinners cost whole frames.
 */
type Detail = 'full' | 'name' | 'mark';
const detailAt = (zoom: number): Detail => (zoom >= 0.5 ? 'full' : zoom >= 0.2 ? 'name' : 'mark');

/** From very far a whole card takes the colour of its status. */
const washes = {
  ok: 'bg-ok-soft',
  busy: 'bg-busy-soft',
  warn: 'bg-warn-soft',
  bad: 'bg-bad-soft',
  rest: 'bg-rest-soft',
  wait: 'bg-wait-soft',
} satisfies Record<StatusStyle['tone'], string>;

/**
 * One agent. Reads its own record by id, so that it renders when that record changes and at no other time; React
 * Flow moves it without rendering it at all.
 */
export const AgentCard = memo(function AgentCard({ id, selected }: NodeProps<AgentNode>) {
  const agent = useAgent(id);
  const team = useFleet((state) => state.teams.get(id));
  const detail = useStore((state) => detailAt(state.transform[2]));
  const actions = useCanvasActions();
  // Gone between the event and the next layout.
  if (!agent) return null;
  const style = statusStyle(agent.status);
  const troubled = style.problem;
  const held = isHeld(agent.status);

  return (
    <article
      className={classes(
        'agent-card group relative flex h-full w-full flex-col rounded-xl border shadow-card transition-[border-color,box-shadow]',
        detail === 'mark' && !team ? washes[style.tone] : held ? 'bg-sunken' : 'bg-surface',
        troubled ? 'border-bad-mark/70' : 'border-line',
        agent.status === 'degraded' && 'border-warn-mark/70',
        selected && 'border-accent! ring-1 ring-accent',
      )}
    >
      <CardHint agent={agent} isLead={team !== undefined}>
        <button
          type="button"
          data-agent={id}
          aria-label={`${agent.name}, ${style.label}${agent.current_task ? `, working on ${agent.current_task}` : ''}`}
          aria-pressed={selected}
          onClick={() => actions.select(id)}
          onKeyDown={(event) => actions.onCardKey(id, event)}
          onContextMenu={(event) => {
            event.preventDefault();
            actions.openMenu(id, { x: event.clientX, y: event.clientY });
          }}
          className="absolute inset-0 rounded-xl cursor-pointer focus-visible:outline-offset-3"
        />
      </CardHint>
      <div className="pointer-events-none relative px-3 pt-2.5" style={{ height: HEADER }}>
        {detail !== 'full' ? (
          <FarFace agent={agent} detail={detail} />
        ) : (
          <>
            <div className="flex items-center gap-2">
              <Monogram name={agent.name} muted={held} />
              <h3 className="min-w-0 flex-1 truncate text-sm font-semibold">{agent.name || 'Unnamed agent'}</h3>
              {team && <TeamToggle id={id} name={agent.name} team={team} collapsed={agent.collapsed} />}
              <MenuButton id={id} name={agent.name} />
            </div>
            <p className="mt-0.5 h-[1.2rem] truncate text-xs text-ink-soft">{agent.role}</p>
            <div className="mt-2 flex items-center gap-1.5 overflow-hidden">
              <StatusChip status={agent.status} />
              <PendingMark agent={agent} />
              <RuntimeChips agent={agent} />
            </div>
            <CardFooter agent={agent} />
          </>
        )}
      </div>
      {team && !agent.collapsed && (
        <div
          aria-hidden
          className="pointer-events-none absolute inset-x-2 top-[124px] bottom-2 rounded-lg bg-canvas/70"
        />
      )}
    </article>
  );
});

/** Small, because nothing is wrong; the hint of the card says what it stands for. */
function PendingMark({ agent }: { agent: Workspace }) {
  const pending = pendingChange(agent);
  if (pending === null) return null;
  return (
    <span className="inline-flex size-5.5 shrink-0 items-center justify-center rounded-full bg-busy-soft text-busy">
      <RotateCw aria-hidden className="size-3" />
      <span className="sr-only">{pending.title}</span>
    </span>
  );
}

function FarFace({ agent, detail }: { agent: Workspace; detail: 'name' | 'mark' }) {
  if (detail === 'mark') {
    return (
      <div className="flex h-full items-center justify-center pb-2">
        <StatusIcon status={agent.status} still className="size-20" />
      </div>
    );
  }
  return (
    <div className="flex h-full items-center gap-3 pb-2">
      <StatusIcon status={agent.status} still className="size-9" />
      <div className="min-w-0">
        <p className="truncate text-[22px] leading-7 font-semibold">{agent.name}</p>
        <p className="truncate text-[18px] leading-6 text-ink-soft">{statusStyle(agent.status).label}</p>
      </div>
    </div>
  );
}

/** For the pointer. By keyboard the card itself opens the menu, so that walking over cards takes one stop for each. */
function MenuButton({ id, name }: { id: string; name: string }) {
  const actions = useCanvasActions();
  return (
    <button
      type="button"
      tabIndex={-1}
      aria-haspopup="menu"
      aria-label={`Actions for ${name}`}
      onClick={(event) => {
        const { left, bottom } = event.currentTarget.getBoundingClientRect();
        actions.openMenu(id, { x: left, y: bottom });
      }}
      className="nodrag pointer-events-auto -mr-1 inline-flex size-6 items-center justify-center rounded-md text-ink-soft opacity-0 group-focus-within:opacity-100 group-hover:opacity-100 hover:bg-hover pointer-coarse:opacity-100"
    >
      <Ellipsis aria-hidden className="size-4" />
    </button>
  );
}

function TeamToggle({
  id,
  name,
  team,
  collapsed,
}: {
  id: string;
  name: string;
  team: TeamSummary;
  collapsed: boolean;
}) {
  const actions = useCanvasActions();
  const Chevron = collapsed ? ChevronRight : ChevronDown;
  const hiddenTrouble = collapsed && team.problems > 0;
  return (
    <button
      type="button"
      aria-expanded={!collapsed}
      aria-label={`${hiddenTrouble ? `${team.problems} of ${team.all} members have problems` : `${team.all} members`}. ${
        collapsed ? 'Expand' : 'Collapse'
      } the team of ${name}`}
      onClick={() => actions.setCollapsed(id, !collapsed)}
      className={classes(
        'nodrag pointer-events-auto -mr-1 inline-flex h-6 items-center gap-1 rounded-md px-1.5 text-xs hover:bg-hover',
        hiddenTrouble ? 'text-bad' : 'text-ink-soft',
      )}
    >
      {hiddenTrouble ? <CircleAlert aria-hidden className="size-3.5" /> : <Users aria-hidden className="size-3.5" />}
      {hiddenTrouble ? `${team.problems} of ${team.all}` : team.all}
      <Chevron aria-hidden className="size-3.5" />
    </button>
  );
}
