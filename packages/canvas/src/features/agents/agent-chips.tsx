import type { Workspace } from '@molecule/contract';
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
      {agent.demo && <DemoChip />}
    </>
  );
}

export function DemoChip() {
  return (
    <span
      className="inline-flex h-5.5 shrink-0 items-center rounded-full border border-dashed border-line-strong px-2 text-xs text-ink-soft"
      title="Answers are a demonstration: no model key is configured"
    >
      Demo
    </span>
  );
}
