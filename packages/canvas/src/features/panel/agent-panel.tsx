import { X } from 'lucide-react';
import { Tabs as Radix } from 'radix-ui';
import { lazy, type ReactNode, Suspense } from 'react';
import { ErrorBoundary } from '../../app/error-boundary.js';
import { shortcuts } from '../../app/keymap.js';
import { useAgent, useFleet } from '../../app/services-context.js';
import { isTab, type Tab, useGo } from '../../app/use-navigation.js';
import { firstVerbFor } from '../../model/lifecycle-verbs.js';
import { Button, IconButton } from '../../ui/button.js';
import { Loading, Placeholder } from '../../ui/placeholder.js';
import { RuntimeChips } from '../agents/agent-chips.js';
import { StatusChip } from '../agents/status-mark.js';
import { ChatTab } from '../chat/chat-tab.js';
import { ConnectNotice } from '../connect/connect-notice.js';
import { VerbButton } from '../lifecycle/verb-button.js';
import { AgentMenu } from './agent-menu.js';
import { Breadcrumb } from './breadcrumb.js';
import { FailureNotice } from './failure-notice.js';
import { PendingNotice } from './pending-notice.js';
import { TabStrip } from './tab-strip.js';

// Read on demand: the first thing a person does with an agent is to talk to it.
const ActivityTab = lazy(() =>
  import('../activity/activity-tab.js').then((module) => ({ default: module.ActivityTab })),
);
const CommsTab = lazy(() => import('../comms/comms-tab.js').then((module) => ({ default: module.CommsTab })));
const DelegationsTab = lazy(() =>
  import('../delegations/delegations-tab.js').then((module) => ({ default: module.DelegationsTab })),
);
const LogsTab = lazy(() => import('./logs-tab.js').then((module) => ({ default: module.LogsTab })));
const DetailsTab = lazy(() => import('./details-tab.js').then((module) => ({ default: module.DetailsTab })));
const SecretsTab = lazy(() => import('../secrets/secrets-tab.js').then((module) => ({ default: module.SecretsTab })));
const FilesTab = lazy(() => import('../files/files-tab.js').then((module) => ({ default: module.FilesTab })));
const ConfigTab = lazy(() => import('../files/config-tab.js').then((module) => ({ default: module.ConfigTab })));

const tabs = [
  { id: 'chat', label: 'Chat' },
  { id: 'activity', label: 'Activity' },
  { id: 'comms', label: 'Comms' },
  { id: 'delegations', label: 'Delegations' },
  { id: 'logs', label: 'Logs' },
  { id: 'details', label: 'Details' },
  { id: 'secrets', label: 'Secrets' },
  { id: 'files', label: 'Files' },
  { id: 'config', label: 'Config' },
] as const;

export function AgentPanel({ id, tab }: { id: string; tab: Tab }) {
  const agent = useAgent(id);
  const ready = useFleet((state) => state.snapshot.state === 'ready');
  const go = useGo();
  const firstVerb = agent ? firstVerbFor(agent) : null;
  if (!agent) {
    return ready ? (
      <Placeholder icon={X} title="This agent does not exist">
        <p>It was removed, or the address is wrong.</p>
        <Button className="mt-4" onClick={go.canvas}>
          Back to the canvas
        </Button>
      </Placeholder>
    ) : (
      <Loading label="Loading the agent" className="h-full" />
    );
  }

  return (
    <Radix.Root
      value={tab}
      // By the press alone: a tab that opens on focus as well would be two steps of Back.
      activationMode="manual"
      onValueChange={(next) => isTab(next) && go.agent(id, next)}
      className="flex h-full min-h-0 flex-col"
    >
      <header className="px-4 pt-3">
        <div className="flex items-start gap-1">
          <div className="min-w-0 flex-1">
            <Breadcrumb id={id} />
            <h2 className="truncate text-lg leading-7 font-semibold">{agent.name || 'Unnamed agent'}</h2>
          </div>
          <AgentMenu agent={agent} />
          <IconButton icon={X} label={shortcuts.close.label} shortcut={shortcuts.close.keys} onClick={go.canvas} />
        </div>
        {agent.role && <p className="mt-0.5 line-clamp-2 text-sm text-ink-soft">{agent.role}</p>}
        <div className="mt-2 flex flex-wrap items-center gap-1.5">
          <StatusChip status={agent.status} />
          <RuntimeChips agent={agent} />
          {/* The composer of a chat has a button for resume itself. */}
          {firstVerb && !(firstVerb === 'resume' && tab === 'chat') && (
            <span className="ml-auto">
              <VerbButton verb={firstVerb} agent={agent} />
            </span>
          )}
        </div>
        <FailureNotice agent={agent} tab={tab} />
        <PendingNotice agent={agent} />
        <ConnectNotice agent={agent} />
        <TabStrip tabs={tabs} active={tab} />
      </header>
      <div className="min-h-0 flex-1 border-t border-line">
        <TabBody tab="chat" name="The conversation" resetKey={id}>
          <ChatTab agent={agent} />
        </TabBody>
        <TabBody tab="activity" name="The activity" resetKey={id}>
          <ActivityTab key={id} id={id} />
        </TabBody>
        <TabBody tab="comms" name="The conversations with other agents" resetKey={id}>
          <CommsTab key={id} agent={agent} />
        </TabBody>
        <TabBody tab="delegations" name="The delegations" resetKey={id}>
          <DelegationsTab key={id} id={id} />
        </TabBody>
        <TabBody tab="logs" name="The log" resetKey={id}>
          <LogsTab key={id} id={id} />
        </TabBody>
        <TabBody tab="details" name="The details" resetKey={id}>
          <DetailsTab key={id} agent={agent} />
        </TabBody>
        <TabBody tab="secrets" name="The secrets" resetKey={id}>
          <SecretsTab key={id} agent={agent} />
        </TabBody>
        <TabBody tab="files" name="The files" resetKey={id}>
          <FilesTab key={id} agent={agent} />
        </TabBody>
        <TabBody tab="config" name="The configuration" resetKey={id}>
          <ConfigTab key={id} agent={agent} />
        </TabBody>
      </div>
    </Radix.Root>
  );
}

function TabBody({ tab, name, resetKey, children }: { tab: Tab; name: string; resetKey: string; children: ReactNode }) {
  return (
    <Radix.Content value={tab} className="h-full min-h-0 focus-visible:-outline-offset-2">
      <ErrorBoundary part={name} resetKey={resetKey}>
        <Suspense fallback={<Loading label="Loading" />}>{children}</Suspense>
      </ErrorBoundary>
    </Radix.Content>
  );
}
