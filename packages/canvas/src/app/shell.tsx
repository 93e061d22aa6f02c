import { lazy, Suspense, useCallback, useEffect, useState } from 'react';
import { Outlet, useMatch } from 'react-router';
import { toast } from 'sonner';
import { CanvasPage } from '../features/canvas/canvas-page.js';
import type { CanvasCommands } from '../features/canvas/canvas-view.js';
import { useUnsavedGuard } from '../features/files/use-unsaved-guard.js';
import { useAct } from '../features/lifecycle/use-verbs.js';
import { AgentPanel } from '../features/panel/agent-panel.js';
import { ResizeHandle } from '../features/panel/resize-handle.js';
import { isAskedVerb } from '../model/lifecycle-verbs.js';
import { nextAfter, problemsOf, treeOrder } from '../model/selectors.js';
import { ErrorBoundary } from './error-boundary.js';
import type { ShortcutName } from './keymap.js';
import { useServices, useSession } from './services-context.js';
import { Toolbar } from './toolbar.js';
import { isTab, type Tab, useDialog, useGo } from './use-navigation.js';
import { useShortcuts } from './use-shortcuts.js';

const ImportDialog = lazy(() =>
  import('../features/import/import-dialog.js').then((module) => ({ default: module.ImportDialog })),
);
const CreateDialog = lazy(() =>
  import('../features/create/create-dialog.js').then((module) => ({ default: module.CreateDialog })),
);
const ConnectDialog = lazy(() =>
  import('../features/connect/connect-dialog.js').then((module) => ({ default: module.ConnectDialog })),
);
const SearchDialog = lazy(() =>
  import('../features/search/search-dialog.js').then((module) => ({ default: module.SearchDialog })),
);
const SettingsDrawer = lazy(() =>
  import('../features/settings/settings-drawer.js').then((module) => ({ default: module.SettingsDrawer })),
);
const MoveDialog = lazy(() =>
  import('../features/panel/move-dialog.js').then((module) => ({ default: module.MoveDialog })),
);
const VerbDialog = lazy(() =>
  import('../features/lifecycle/verb-dialog.js').then((module) => ({ default: module.VerbDialog })),
);
const HelpSheet = lazy(() =>
  import('../features/search/help-sheet.js').then((module) => ({ default: module.HelpSheet })),
);

/** Toolbar, canvas or list, panel, dialogs: what is open follows from the address. */
export function Shell() {
  const { feed } = useServices();
  const match = useMatch('/w/:id/:tab');
  // Pages of their own stand in the place of the canvas.
  const matchedPages = [useMatch('/agents'), useMatch('/delegations')];
  const inPage = matchedPages.some((page) => page !== null);
  const inSettings = useMatch('/settings') !== null;
  const id = match?.params.id ?? null;
  const tab = isTab(match?.params.tab) ? match.params.tab : 'chat';
  const width = useSession((state) => state.panelWidth);
  const dialog = useDialog();
  const go = useGo();
  const [commands, setCommands] = useState<CanvasCommands | null>(null);
  const run = useCommands(id, tab, commands);
  const act = useAct();
  useShortcuts(run);
  useUnsavedGuard();

  useEffect(() => {
    feed.start();
    const wake = () => {
      if (document.visibilityState === 'visible') feed.retryNow();
    };
    window.addEventListener('online', wake);
    document.addEventListener('visibilitychange', wake);
    return () => {
      window.removeEventListener('online', wake);
      document.removeEventListener('visibilitychange', wake);
      feed.stop();
    };
  }, [feed]);

  const select = useCallback((next: string | null) => (next === null ? go.canvas() : go.agent(next, tab)), [go, tab]);

  return (
    <div className="flex h-full flex-col">
      <a
        href="#main"
        className="sr-only focus:not-sr-only focus:absolute focus:z-70 focus:m-2 focus:rounded-lg focus:bg-raised focus:px-3 focus:py-2 focus:shadow-lift"
      >
        Skip to the organisation
      </a>
      <Toolbar onCommand={run} />
      <div className="flex min-h-0 flex-1">
        <main id="main" tabIndex={-1} className="relative min-w-0 flex-1 outline-none">
          {inPage ? (
            <ErrorBoundary part="The page">
              <Outlet />
            </ErrorBoundary>
          ) : (
            <ErrorBoundary part="The canvas">
              <CanvasPage selectedId={id} onSelect={select} onReady={setCommands} />
              <Outlet />
            </ErrorBoundary>
          )}
        </main>
        {id !== null && (
          <aside
            aria-label="Selected agent"
            style={{ width }}
            className="relative z-20 max-w-full border-l border-line bg-surface max-md:fixed max-md:inset-x-0 max-md:top-14 max-md:bottom-0 max-md:w-full!"
          >
            <ResizeHandle />
            <ErrorBoundary part="The agent" resetKey={id}>
              <AgentPanel id={id} tab={tab} />
            </ErrorBoundary>
          </aside>
        )}
      </div>
      <Suspense fallback={null}>
        {dialog.name === 'import' && <ImportDialog dir={dialog.argument} />}
        {dialog.name === 'create' && <CreateDialog parentId={dialog.argument ?? id} />}
        {dialog.name === 'connect' && dialog.argument !== null && (
          <ConnectDialog key={dialog.argument} id={dialog.argument} />
        )}
        {dialog.name === 'search' && <SearchDialog selectedId={id} onCommand={run} onAct={act} />}
        {dialog.name === 'move' && dialog.argument !== null && <MoveDialog id={dialog.argument} />}
        {isAskedVerb(dialog.name) && dialog.argument !== null && (
          <VerbDialog key={`${dialog.name} ${dialog.argument}`} verb={dialog.name} id={dialog.argument} />
        )}
        {dialog.name === 'help' && <HelpSheet />}
        {inSettings && <SettingsDrawer />}
      </Suspense>
    </div>
  );
}

/** What every shortcut and every entry of the palette does. */
function useCommands(id: string | null, tab: Tab, canvas: CanvasCommands | null) {
  const { fleet } = useServices();
  const go = useGo();
  const dialog = useDialog();
  return useCallback(
    (name: ShortcutName): void => {
      const state = fleet.getState().fleet;
      const step = (ids: readonly string[], by: 1 | -1) => {
        const next = nextAfter(ids, id, by);
        if (next !== null) go.agent(next, tab);
      };
      const show = (next: Tab) => {
        if (id !== null) go.agent(id, next);
      };
      const order = () => treeOrder(state).map((row) => row.id);
      const handlers = {
        palette: () => dialog.open('search'),
        help: () => dialog.open('help'),
        settings: go.settings,
        goCanvas: go.canvas,
        goAgents: go.agents,
        goDelegations: go.delegations,
        create: () => dialog.open('create'),
        import: () => dialog.open('import'),
        fit: () => canvas?.fit(),
        tidy: () => canvas?.tidy(),
        undo: () => canvas?.undo(),
        problem: () => {
          const problems = problemsOf(state);
          if (problems.length === 0) toast('No agent has a problem');
          else step(problems, 1);
        },
        next: () => step(order(), 1),
        previous: () => step(order(), -1),
        chat: () => {
          if (id === null) return;
          go.agent(id, 'chat');
          // The field appears with the tab.
          requestAnimationFrame(() => document.querySelector<HTMLElement>('[data-composer]')?.focus());
        },
        activity: () => show('activity'),
        comms: () => show('comms'),
        details: () => show('details'),
        secrets: () => show('secrets'),
        files: () => show('files'),
        config: () => show('config'),
        close: () => {
          if (id !== null) go.canvas();
        },
      } satisfies Record<ShortcutName, () => void>;
      handlers[name]();
    },
    [fleet, go, dialog, canvas, id, tab],
  );
}
