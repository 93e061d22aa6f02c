import type { Workspace } from '@molecule/contract';
import { Command } from 'cmdk';
import {
  Activity,
  ArrowRightLeft,
  CircleAlert,
  CircleHelp,
  Download,
  FileCog,
  FolderOpen,
  KeyRound,
  LayoutGrid,
  List,
  type LucideIcon,
  Map as MapIcon,
  Maximize,
  MessageSquare,
  MessagesSquare,
  Plus,
  Search,
  Settings,
  SlidersHorizontal,
  Undo2,
} from 'lucide-react';
import { Dialog as Radix } from 'radix-ui';
import { useRef } from 'react';
import { type ShortcutName, shortcuts } from '../../app/keymap.js';
import { useFleet, useSession } from '../../app/services-context.js';
import { useDialog, useGo } from '../../app/use-navigation.js';
import { type LifecycleVerb, verbsFor } from '../../model/lifecycle-verbs.js';
import { treeOrder } from '../../model/selectors.js';
import { statusStyle } from '../../model/status.js';
import { Kbd } from '../../ui/kbd.js';
import { useReturnFocus } from '../../ui/return-focus.js';
import { StatusIcon } from '../agents/status-mark.js';
import type { useAct } from '../lifecycle/use-verbs.js';
import { useVerbSubject, verbLabel } from '../lifecycle/verb-button.js';
import { verbLooks } from '../lifecycle/verb-looks.js';

interface SearchDialogProps {
  selectedId: string | null;
  onCommand: (name: ShortcutName) => void;
  onAct: ReturnType<typeof useAct>;
}

/** `needs`: what has to be there before the command can do anything. */
const commands: readonly { name: ShortcutName; icon: LucideIcon; needs?: 'selection' | 'agents' | 'move' }[] = [
  { name: 'chat', icon: MessageSquare, needs: 'selection' },
  { name: 'activity', icon: Activity, needs: 'selection' },
  { name: 'comms', icon: MessagesSquare, needs: 'selection' },
  { name: 'details', icon: SlidersHorizontal, needs: 'selection' },
  { name: 'secrets', icon: KeyRound, needs: 'selection' },
  { name: 'files', icon: FolderOpen, needs: 'selection' },
  { name: 'config', icon: FileCog, needs: 'selection' },
  { name: 'problem', icon: CircleAlert },
  { name: 'create', icon: Plus },
  { name: 'import', icon: Download },
  { name: 'goCanvas', icon: MapIcon },
  { name: 'goAgents', icon: List },
  { name: 'goDelegations', icon: ArrowRightLeft },
  { name: 'fit', icon: Maximize, needs: 'agents' },
  { name: 'tidy', icon: LayoutGrid, needs: 'agents' },
  { name: 'undo', icon: Undo2, needs: 'move' },
  { name: 'settings', icon: Settings },
  { name: 'help', icon: CircleHelp },
];

/** Every agent and every command, one field. */
export function SearchDialog({ selectedId, onCommand, onAct }: SearchDialogProps) {
  const dialog = useDialog();
  const go = useGo();
  const focus = useReturnFocus();
  const field = useRef<HTMLInputElement>(null);
  const fleet = useFleet((state) => state.fleet);
  const rows = treeOrder(fleet).flatMap(({ id }) => fleet.agents.get(id) ?? []);
  const canUndo = useSession((state) => state.undo.length > 0);
  const has = { selection: selectedId !== null, agents: rows.length > 0, move: rows.length > 0 && canUndo };
  const offered = commands.filter((command) => command.needs !== 'selection' || has.selection);

  const selected = selectedId === null ? undefined : fleet.agents.get(selectedId);

  const run = (act: () => void) => {
    // Commands that open another place replace this dialog; the others need it gone first.
    dialog.close();
    requestAnimationFrame(act);
  };

  return (
    <Radix.Root open onOpenChange={(open) => !open && dialog.close()}>
      <Radix.Portal>
        <Radix.Overlay className="fixed inset-0 z-50 bg-black/35 dark:bg-black/55" />
        <Radix.Content
          aria-describedby={undefined}
          onOpenAutoFocus={(event) => {
            focus.remember();
            event.preventDefault();
            field.current?.focus();
          }}
          onCloseAutoFocus={focus.giveBack}
          className="fixed top-[14vh] left-1/2 z-50 w-[calc(100vw-2rem)] max-w-xl -translate-x-1/2 overflow-hidden rounded-2xl border border-line bg-surface shadow-over animate-enter focus:outline-none"
        >
          <Radix.Title className="sr-only">Search agents and commands</Radix.Title>
          <Command loop filter={scoreOf}>
            <div className="flex items-center gap-2.5 border-b border-line px-4">
              <Search aria-hidden className="size-4 text-ink-faint" />
              <Command.Input
                ref={field}
                placeholder="Find an agent or a command"
                className="h-12 flex-1 bg-transparent text-base outline-none placeholder:text-ink-faint"
              />
              <Kbd keys="Esc" />
            </div>
            <Command.List className="max-h-[50vh] overflow-y-auto p-1.5">
              <Command.Empty className="px-4 py-8 text-center text-sm text-ink-soft">Nothing matches.</Command.Empty>
              {rows.length > 0 && (
                <Command.Group heading="Agents" className={group}>
                  {rows.map((agent) => (
                    <Command.Item
                      key={agent.id}
                      value={agent.id}
                      keywords={[agent.name, agent.role ?? '', agent.runtime, statusStyle(agent.status).label]}
                      onSelect={() => go.agent(agent.id, 'chat')}
                      className={item}
                    >
                      <StatusIcon status={agent.status} />
                      <span className="font-medium">{agent.name}</span>
                      <span className="min-w-0 flex-1 truncate text-ink-faint">{agent.role}</span>
                      <span className="text-xs text-ink-soft">{statusStyle(agent.status).label}</span>
                    </Command.Item>
                  ))}
                </Command.Group>
              )}
              {selected && (
                <Command.Group heading={`Actions for ${selected.name}`} className={group}>
                  {verbsFor(fleet, selected).map((verb) => (
                    <VerbOption
                      key={verb}
                      verb={verb}
                      agent={selected}
                      onAct={(subject) => run(() => onAct(verb, subject))}
                    />
                  ))}
                </Command.Group>
              )}
              <Command.Group heading="Commands" className={group}>
                {offered.map(({ name, icon: Icon, needs }) => (
                  <Command.Item
                    key={name}
                    value={`command ${name}`}
                    disabled={needs !== undefined && !has[needs]}
                    keywords={[shortcuts[name].label]}
                    onSelect={() => run(() => onCommand(name))}
                    className={item}
                  >
                    <Icon aria-hidden className="size-4 text-ink-soft" />
                    <span className="flex-1">{shortcuts[name].label}</span>
                    <Kbd keys={shortcuts[name].keys} />
                  </Command.Item>
                ))}
              </Command.Group>
            </Command.List>
          </Command>
        </Radix.Content>
      </Radix.Portal>
    </Radix.Root>
  );
}

interface VerbOptionProps {
  verb: LifecycleVerb;
  agent: Workspace;
  onAct: (subject: Workspace) => void;
}

function VerbOption({ verb, agent, onAct }: VerbOptionProps) {
  const subject = useVerbSubject(verb, agent);
  const { icon: Icon } = verbLooks[verb];
  const label = verbLabel(verb, agent, subject);
  return (
    <Command.Item
      value={`verb ${verb}`}
      keywords={[label, agent.name]}
      onSelect={() => onAct(subject)}
      className={item}
    >
      <Icon aria-hidden className="size-4 text-ink-soft" />
      <span className="flex-1">{label}</span>
      <span className="text-xs text-ink-faint">{agent.name}</span>
    </Command.Item>
  );
}

/** Words must occur as they are typed, and names that begin with them come first: letters strewn over a line are noise. */
function scoreOf(_value: string, search: string, keywords: readonly string[] = []): number {
  const [name = '', ...rest] = keywords.map((keyword) => keyword.toLowerCase());
  const words = search.toLowerCase().trim().split(/\s+/);
  if (!words.every((word) => name.includes(word) || rest.some((keyword) => keyword.includes(word)))) return 0;
  const first = words[0] ?? '';
  if (name.startsWith(first)) return 1;
  return name.includes(first) ? 0.8 : 0.5;
}

const group =
  '[&_[cmdk-group-heading]]:px-2.5 [&_[cmdk-group-heading]]:pt-2 [&_[cmdk-group-heading]]:pb-1 [&_[cmdk-group-heading]]:text-xs [&_[cmdk-group-heading]]:font-medium [&_[cmdk-group-heading]]:text-ink-faint';
const item =
  'flex h-9 cursor-pointer items-center gap-2.5 rounded-lg px-2.5 text-sm data-[selected=true]:bg-hover data-[disabled=true]:cursor-default data-[disabled=true]:opacity-50';
