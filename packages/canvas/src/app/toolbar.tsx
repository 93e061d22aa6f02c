import {
  ArrowRightLeft,
  CircleAlert,
  CircleHelp,
  Download,
  List,
  type LucideIcon,
  Map as MapIcon,
  Monitor,
  Moon,
  Plus,
  Search,
  Settings,
  Sun,
} from 'lucide-react';
import { Link, useMatch } from 'react-router';
import { StatusIcon } from '../features/agents/status-mark.js';
import { countByStatus } from '../model/selectors.js';
import { statusStyle } from '../model/status.js';
import type { Theme } from '../state/session-store.js';
import { linkWord } from '../sync/link.js';
import { Button, IconButton } from '../ui/button.js';
import { classes } from '../ui/classes.js';
import { Kbd } from '../ui/kbd.js';
import { Tooltip } from '../ui/tooltip.js';
import { ConnectionPill } from './connection-pill.js';
import { type ShortcutName, shortcuts } from './keymap.js';
import { useFleet, useServices, useSession } from './services-context.js';

interface ToolbarProps {
  onCommand: (name: ShortcutName) => void;
}

export function Toolbar({ onCommand }: ToolbarProps) {
  const inList = useMatch('/agents') !== null;
  const inDelegations = useMatch('/delegations') !== null;
  return (
    <header className="z-30 flex h-14 shrink-0 items-center gap-2 border-b border-line bg-surface px-3 max-sm:gap-1">
      <Logo />
      <nav aria-label="Views" className="ml-2 flex items-center gap-0.5 max-sm:ml-1">
        <View to="/" icon={MapIcon} label="Canvas" active={!inList && !inDelegations} />
        <View to="/agents" icon={List} label="Agents" active={inList} />
        <View to="/delegations" icon={ArrowRightLeft} label="Delegations" active={inDelegations} />
      </nav>
      <StatusCounts onProblem={() => onCommand('problem')} />
      <span className="flex-1" />
      <ConnectionPill />
      <button
        type="button"
        onClick={() => onCommand('palette')}
        className="flex h-9 w-52 items-center gap-2 rounded-lg border border-line bg-sunken px-2.5 text-sm text-ink-faint hover:border-line-strong max-xl:w-9 max-xl:justify-center max-xl:px-0"
      >
        <Search aria-hidden className="size-4" />
        <span className="flex-1 text-left max-xl:sr-only">Search</span>
        <span className="max-xl:hidden">
          <Kbd keys={shortcuts.palette.keys} />
        </span>
      </button>
      <Button icon={Download} onClick={() => onCommand('import')} className="max-xl:px-2.5 max-sm:hidden">
        <span className="max-xl:sr-only">Import team</span>
      </Button>
      <Button look="primary" icon={Plus} onClick={() => onCommand('create')} className="max-md:px-2.5">
        <span className="max-md:sr-only">Add agent</span>
      </Button>
      <span aria-hidden className="mx-1 h-5 w-px bg-line max-sm:hidden" />
      <ThemeToggle />
      <IconButton
        icon={CircleHelp}
        label={shortcuts.help.label}
        shortcut={shortcuts.help.keys}
        onClick={() => onCommand('help')}
        // Where there is little room there is seldom a keyboard; import and help are in the search as well.
        className="max-sm:hidden"
      />
      <IconButton
        icon={Settings}
        label={shortcuts.settings.label}
        shortcut={shortcuts.settings.keys}
        onClick={() => onCommand('settings')}
      />
    </header>
  );
}

export function Logo() {
  return (
    <span className="flex items-center gap-2">
      <svg aria-hidden viewBox="0 0 32 32" className="size-7">
        <rect width="32" height="32" rx="8" fill="#4f46e5" />
        <path
          d="M16 11v4M16 15l-5.5 5M16 15l5.5 5"
          stroke="#c7d2fe"
          strokeWidth="2"
          strokeLinecap="round"
          fill="none"
        />
        <circle cx="16" cy="9" r="3.4" fill="#fff" />
        <circle cx="9.4" cy="21.6" r="3" fill="#fff" />
        <circle cx="22.6" cy="21.6" r="3" fill="#fff" />
      </svg>
      <span className="text-base font-semibold tracking-tight max-md:sr-only">Molecule</span>
    </span>
  );
}

interface ViewProps {
  to: string;
  icon: LucideIcon;
  label: string;
  active: boolean;
}

function View({ to, icon: Icon, label, active }: ViewProps) {
  return (
    <Link
      to={to}
      aria-current={active ? 'page' : undefined}
      className={classes(
        'rounded-lg px-2.5 py-1.5 text-sm font-medium max-sm:px-2 max-sm:py-2 transition-colors',
        active ? 'bg-hover text-ink' : 'text-ink-soft hover:bg-hover hover:text-ink',
      )}
    >
      <Icon aria-hidden className="size-4 sm:hidden" />
      <span className="max-sm:sr-only">{label}</span>
    </Link>
  );
}

function StatusCounts({ onProblem }: { onProblem: () => void }) {
  const fleet = useFleet((state) => state.fleet);
  const stale = useFleet((state) => linkWord(state.link) === 'offline');
  const counts = countByStatus(fleet);
  const problems = counts
    .filter(({ status }) => statusStyle(status).problem)
    .reduce((sum, { count }) => sum + count, 0);
  if (counts.length === 0) return null;
  return (
    <div className={classes('flex items-center gap-3 max-md:hidden', stale && 'grayscale [&_span]:text-ink-faint')}>
      <span aria-hidden className="ml-1 h-5 w-px bg-line max-xl:hidden" />
      <ul
        aria-label={stale ? 'Agents by status, as of the last sync' : 'Agents by status'}
        className="flex items-center gap-3 max-xl:hidden"
      >
        {counts.map(({ status, count }) => (
          <Tooltip
            key={status}
            text={stale ? 'As of the last sync; the server cannot be reached.' : statusStyle(status).meaning}
          >
            <li className="flex items-center gap-1.5 text-sm whitespace-nowrap text-ink-soft">
              <StatusIcon status={status} />
              <span className="font-medium text-ink tabular-nums">{count}</span>
              <span className={counts.length > 1 ? 'max-2xl:sr-only' : undefined}>
                {statusStyle(status).label.toLowerCase()}
              </span>
            </li>
          </Tooltip>
        ))}
        {stale && <li className="text-xs whitespace-nowrap text-ink-soft">at last sync</li>}
      </ul>
      {problems > 0 && (
        <Tooltip text={shortcuts.problem.label} shortcut={shortcuts.problem.keys}>
          <button
            type="button"
            onClick={onProblem}
            className="inline-flex h-7 items-center gap-1.5 rounded-full bg-bad-soft px-2.5 text-xs font-medium whitespace-nowrap text-bad hover:brightness-95 dark:hover:brightness-125"
          >
            <CircleAlert aria-hidden className="size-3.5" />
            {problems === 1 ? '1 problem' : `${problems} problems`}
          </button>
        </Tooltip>
      )}
    </div>
  );
}

const themes = [
  { id: 'system', icon: Monitor, label: 'Theme: as the system' },
  { id: 'light', icon: Sun, label: 'Theme: light' },
  { id: 'dark', icon: Moon, label: 'Theme: dark' },
] as const satisfies readonly { id: Theme; icon: typeof Sun; label: string }[];

function ThemeToggle() {
  const { session } = useServices();
  const theme = useSession((state) => state.theme);
  const at = themes.findIndex((one) => one.id === theme);
  const current = themes[at] ?? themes[0];
  const next = themes[(at + 1) % themes.length] ?? themes[0];
  return (
    <IconButton
      icon={current.icon}
      label={`${current.label}. Change`}
      onClick={() => session.setState({ theme: next.id })}
    />
  );
}
