import { STATUSES, type Status } from '@molecule/contract';
import { decide, type Outcome, TRIGGERS } from './lifecycle.js';

/** The page `docs/spec/workspace-lifecycle.md`: the table as it is, so that it can never differ from the code. */
export function lifecyclePage(): string {
  const moves = STATUSES.flatMap((status) =>
    TRIGGERS.map((trigger) => ({ status, trigger, outcome: decide(status, trigger) })),
  );
  const header = ['| trigger | ', STATUSES.join(' | '), ' |'].join('');
  const rule = `|---|${STATUSES.map(() => '---').join('|')}|`;
  const rows = TRIGGERS.map(
    (trigger) => `| \`${trigger}\` | ${STATUSES.map((status) => cell(decide(status, trigger))).join(' | ')} |`,
  );
  const reasons = new Map<string, string[]>();
  for (const { status, trigger, outcome } of moves) {
    if (!('ignore' in outcome)) continue;
    reasons.set(outcome.ignore, [...(reasons.get(outcome.ignore) ?? []), `${status}/${trigger}`]);
  }
  return [
    '# The lifecycle of a workspace',
    '',
    'Generated from `packages/server/src/features/workspaces/lifecycle.ts` by `npm run gen`.',
    '',
    'Things that happen to a workspace are *triggers*. The table says what each means in each status: a new status, `·` for',
    '"nothing changes", or a refusal. Every trigger carries the generation it speaks for; older ones are ignored before',
    'the table is asked. Status is what the owner asked for and what is known of the agent; whether its instance is gone',
    'is a separate fact (`instance_state`).',
    '',
    ...diagram(moves),
    '',
    header,
    rule,
    ...rows,
    '',
    '## Why nothing changes',
    '',
    ...[...reasons].map(([reason, places]) => `- ${reason}: ${places.map((place) => `\`${place}\``).join(', ')}`),
    '',
  ].join('\n');
}

/** Who goes where, and by what. A removal is left out: it leads from everywhere to the same end. */
function diagram(moves: readonly { status: Status; trigger: string; outcome: Outcome }[]): readonly string[] {
  const edges = new Map<string, string[]>();
  for (const { status, trigger, outcome } of moves) {
    if (!('to' in outcome) || outcome.to === 'removed' || outcome.to === status) continue;
    const edge = `${status} --> ${outcome.to}`;
    edges.set(edge, [...(edges.get(edge) ?? []), trigger]);
  }
  return [
    '```mermaid',
    'stateDiagram-v2',
    '  [*] --> provisioning: created',
    '  [*] --> awaiting_agent: created, runs elsewhere',
    ...[...edges].map(([edge, triggers]) => `  ${edge}: ${triggers.join(', ')}`),
    '```',
  ];
}

function cell(outcome: Outcome): string {
  if ('to' in outcome) return `**${outcome.to}**`;
  if ('refuse' in outcome) return `refused: ${outcome.refuse}`;
  return '·';
}
