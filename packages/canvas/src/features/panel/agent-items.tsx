import type { Workspace } from '@molecule/contract';
import { Copy, FolderTree, FoldVertical, Link2, Pencil, Plug, UnfoldVertical } from 'lucide-react';
import { toast } from 'sonner';
import { useFleet } from '../../app/services-context.js';
import { useDialog, useGo } from '../../app/use-navigation.js';
import { isExternal } from '../../model/lifecycle-verbs.js';
import { hasOtherParent } from '../../model/selectors.js';
import { MenuItem, MenuSeparator } from '../../ui/menu.js';
import { ExportItem } from '../bundles/export-item.js';
import { useLayoutEdits } from '../canvas/use-layout-edits.js';
import type { useAct } from '../lifecycle/use-verbs.js';
import { VerbItems } from '../lifecycle/verb-items.js';

/** What can be done with an agent, wherever its menu is opened. */
export function AgentItems({ agent, act }: { agent: Workspace; act: ReturnType<typeof useAct> }) {
  const hasElsewhere = useFleet((state) => hasOtherParent(state.fleet, agent.id));
  const isLead = useFleet((state) => state.teams.has(agent.id));
  const edits = useLayoutEdits();
  const dialog = useDialog();
  const go = useGo();
  return (
    <>
      <VerbItems agent={agent} danger={false} act={act} />
      <MenuSeparator />
      <MenuItem icon={Pencil} onSelect={() => go.agent(agent.id, 'details')}>
        Edit name and role
      </MenuItem>
      {hasElsewhere && (
        <MenuItem icon={FolderTree} opensDialog onSelect={() => dialog.open('move', agent.id)}>
          Move to another team
        </MenuItem>
      )}
      {isExternal(agent) && (
        <MenuItem icon={Plug} opensDialog onSelect={() => dialog.open('connect', agent.id)}>
          How to connect
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
      <MenuItem icon={Link2} onSelect={() => copy(linkTo(agent.id), 'Link copied')}>
        Copy link
      </MenuItem>
      <MenuItem icon={Copy} onSelect={() => copy(agent.id, 'Id copied')}>
        Copy id
      </MenuItem>
      <ExportItem agent={agent} />
      <MenuSeparator />
      <VerbItems agent={agent} danger act={act} />
    </>
  );
}

/** The page one is on when that is about this agent: the open tab belongs to the link. */
function linkTo(id: string): string {
  return location.pathname.includes(`/w/${id}/`) ? location.href : new URL(`/app/w/${id}/chat`, location.href).href;
}

function copy(text: string, told: string): void {
  navigator.clipboard.writeText(text).then(
    () => toast.success(told),
    () => toast.error('Could not copy', { description: 'The browser refused access to the clipboard.' }),
  );
}
