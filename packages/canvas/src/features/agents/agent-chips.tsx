import type { Workspace } from '@molecule/contract';
import { demoReason } from '../../model/card-notes.js';
import { classes } from '../../ui/classes.js';

const chip =
  'inline-flex h-5.5 min-w-0 items-center rounded-full border border-line px-2 text-xs text-ink-soft whitespace-nowrap';

/** Which program drives the agent; "demo" says that no model stands behind the answers. */
export function RuntimeChips({ agent, className }: { agent: Workspace; className?: string }) {
  const program = agent.model && !agent.demo ? agent.model : agent.runtime;
  return (
    <>
      {program !== '' && (
        <span
          className={classes(chip, className)}
          title={`Runtime ${agent.runtime}${agent.model ? `, model ${agent.model}` : ''}`}
        >
          <span className="truncate">{program}</span>
        </span>
      )}
      <DemoChip agent={agent} />
    </>
  );
}

/** Nothing for an agent with a model behind it. */
export function DemoChip({ agent }: { agent: Workspace }) {
  const reason = demoReason(agent);
  if (reason === null) return null;
  return (
    <span
      className="inline-flex h-5.5 shrink-0 items-center rounded-full border border-dashed border-line-strong px-2 text-xs text-ink-soft"
      title={`Answers are a demonstration. ${reason}`}
    >
      Demo
    </span>
  );
}
