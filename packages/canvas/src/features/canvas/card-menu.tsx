import { MessageSquare } from 'lucide-react';
import { useFleet } from '../../app/services-context.js';
import { useGo } from '../../app/use-navigation.js';
import type { Point } from '../../model/layout.js';
import { MenuItem, MenuSeparator, PointMenu } from '../../ui/menu.js';
import { useAct } from '../lifecycle/use-verbs.js';
import { offerNote } from '../lifecycle/verb-items.js';
import { AgentItems } from '../panel/agent-items.js';

/** Whose menu was opened last, where, and whether it still is: while it closes it has to know its card. */
export interface CardMenuState {
  readonly id: string;
  readonly at: Point;
  readonly open: boolean;
}

const NOWHERE: Point = { x: 0, y: 0 };

interface CardMenuProps {
  menu: CardMenuState | null;
  onClose: () => void;
  /** Gives the focus back to the card. */
  focusCard: (id: string) => void;
}

/** One menu for all cards: a menu in each of hundreds would cost more than the cards. */
export function CardMenu({ menu, onClose, focusCard }: CardMenuProps) {
  const agent = useFleet((state) => (menu === null ? undefined : state.fleet.agents.get(menu.id)));
  const act = useAct();
  const go = useGo();
  return (
    <PointMenu
      open={agent !== undefined && menu?.open === true}
      at={menu?.at ?? NOWHERE}
      onClose={onClose}
      returnFocus={() => menu && focusCard(menu.id)}
      label={`Actions for ${agent?.name ?? 'the agent'}`}
      note={agent ? offerNote(agent) : null}
    >
      {agent && (
        <>
          <MenuItem icon={MessageSquare} onSelect={() => go.agent(agent.id, 'chat')}>
            Open conversation
          </MenuItem>
          <MenuSeparator />
          <AgentItems agent={agent} act={act} />
        </>
      )}
    </PointMenu>
  );
}
