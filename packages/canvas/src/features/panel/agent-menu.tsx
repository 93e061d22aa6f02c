import type { Workspace } from '@molecule/contract';
import { EllipsisVertical } from 'lucide-react';
import { IconButton } from '../../ui/button.js';
import { Menu } from '../../ui/menu.js';
import { useAct, useIsActing } from '../lifecycle/use-verbs.js';
import { offerNote } from '../lifecycle/verb-items.js';
import { AgentItems } from './agent-items.js';

export function AgentMenu({ agent }: { agent: Workspace }) {
  const act = useAct();
  const acting = useIsActing(agent.id);
  return (
    <Menu
      label={`Actions for ${agent.name}`}
      note={offerNote(agent)}
      trigger={<IconButton icon={EllipsisVertical} label="More actions" pending={acting} />}
    >
      <AgentItems agent={agent} act={act} />
    </Menu>
  );
}
