import type { Workspace } from '@molecule/contract';
import { useFleet } from '../../app/services-context.js';
import { type Tab, useGo } from '../../app/use-navigation.js';
import { progressOf } from '../../model/card-notes.js';
import { adviseOn } from '../../model/failure-advice.js';
import { Button } from '../../ui/button.js';
import { Notice } from '../../ui/notice.js';

export function FailureNotice({ agent, tab }: { agent: Workspace; tab: Tab }) {
  const failure = useFleet((state) => state.fleet.failures.get(agent.id));
  const go = useGo();
  const advice = adviseOn(agent, failure);
  const progress = progressOf(agent);
  if (progress !== '') {
    return (
      <Notice tone="info" title={progress} className="mt-3">
        The program of its runtime is installed once on this server; the agent starts by itself when it is there.
      </Notice>
    );
  }
  if (advice === null) return null;
  const action =
    advice.next === 'logs' && tab !== 'logs' ? (
      <Button size="small" onClick={() => go.agent(agent.id, 'logs')}>
        Open log
      </Button>
    ) : advice.next === 'secrets' ? (
      <Button size="small" onClick={go.settings}>
        Add key
      </Button>
    ) : undefined;
  return (
    <Notice
      tone={agent.status === 'failed' ? 'error' : 'warning'}
      title={advice.title}
      action={action}
      className="mt-3"
    >
      {advice.advice}
    </Notice>
  );
}
