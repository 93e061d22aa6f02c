import type { Workspace } from '@molecule/contract';
import { Copy, EllipsisVertical, FolderTree, FoldVertical, Link2, Pencil, Trash2, UnfoldVertical } from 'lucide-react';
import { useState } from 'react';
import { toast } from 'sonner';
import { useFleet } from '../../app/services-context.js';
import { useGo } from '../../app/use-navigation.js';
import { hasOtherParent } from '../../model/selectors.js';
import { IconButton } from '../../ui/button.js';
import { Menu, MenuItem, MenuSeparator } from '../../ui/menu.js';
import { useLayoutEdits } from '../canvas/use-layout-edits.js';
import { DeleteDialog } from './delete-dialog.js';
import { MoveDialog } from './move-dialog.js';

export function AgentMenu({ agent }: { agent: Workspace }) {
  const [dialog, setDialog] = useState<'delete' | 'move' | null>(null);
  const hasElsewhere = useFleet((state) => hasOtherParent(state.fleet, agent.id));
  const isLead = useFleet((state) => state.teams.has(agent.id));
  const edits = useLayoutEdits();
  const go = useGo();
  return (
    <>
      <Menu label={`Actions for ${agent.name}`} trigger={<IconButton icon={EllipsisVertical} label="More actions" />}>
        <MenuItem icon={Pencil} onSelect={() => go.agent(agent.id, 'details')}>
          Edit name and role
        </MenuItem>
        {hasElsewhere && (
          <MenuItem icon={FolderTree} onSelect={() => setDialog('move')}>
            Move to another team
          </MenuItem>
        )}
        {isLead && (
          <MenuItem
            icon={agent.collapsed ? UnfoldVertical : FoldVertical}
            onSelect={() => edits.setCollapsed(agent.id, !agent.collapsed)}
          >
            {agent.collapsed ? 'Expand team' : 'Collapse team'}
          </MenuItem>
        )}
        <MenuSeparator />
        <MenuItem icon={Link2} onSelect={() => copy(location.href, 'Link copied')}>
          Copy link
        </MenuItem>
        <MenuItem icon={Copy} onSelect={() => copy(agent.id, 'Id copied')}>
          Copy id
        </MenuItem>
        <MenuSeparator />
        <MenuItem icon={Trash2} danger onSelect={() => setDialog('delete')}>
          Delete agent
        </MenuItem>
      </Menu>
      {dialog === 'delete' && <DeleteDialog agent={agent} onClose={() => setDialog(null)} />}
      {dialog === 'move' && <MoveDialog agent={agent} onClose={() => setDialog(null)} />}
    </>
  );
}

function copy(text: string, told: string): void {
  navigator.clipboard.writeText(text).then(
    () => toast.success(told),
    () => toast.error('Could not copy', { description: 'The browser refused access to the clipboard.' }),
  );
}
