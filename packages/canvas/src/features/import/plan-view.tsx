import type { EnvRequirement, ImportPlan } from '@molecule/contract';
import { Check, CornerDownRight, Plus } from 'lucide-react';
import { classes } from '../../ui/classes.js';
import { Notice } from '../../ui/notice.js';
import { KeyForm } from '../secrets/key-form.js';
import { keyOf, membersOf, planRows } from './requirements.js';

/** What would be created, what stays as it is, and which keys are missing. */
export function PlanView({ plan, onKeySaved }: { plan: ImportPlan; onKeySaved: () => void }) {
  const rows = planRows(plan);
  return (
    <div className="space-y-5">
      <section>
        <h3 className="text-sm font-semibold">{headline(plan)}</h3>
        <ul className="mt-2 overflow-hidden rounded-xl border border-line">
          {rows.map((row) => (
            <li
              key={row.path}
              className="flex items-center gap-2 border-b border-line px-3 py-2 text-sm last:border-b-0"
            >
              <span style={{ width: row.depth * 18 }} className="flex shrink-0 justify-end text-ink-faint">
                {row.depth > 0 && <CornerDownRight aria-hidden className="size-3.5" />}
              </span>
              <span className="font-medium">{row.name}</span>
              <span className="truncate text-ink-faint">{row.detail}</span>
              <span className="flex-1" />
              <span
                className={classes(
                  'inline-flex h-5.5 items-center gap-1 rounded-full px-2 text-xs font-medium',
                  row.kind === 'create' ? 'bg-ok-soft text-ok' : 'bg-rest-soft text-rest',
                )}
              >
                {row.kind === 'create' ? (
                  <Plus aria-hidden className="size-3.5" />
                ) : (
                  <Check aria-hidden className="size-3.5" />
                )}
                {row.kind === 'create' ? 'New' : 'Kept'}
              </span>
            </li>
          ))}
        </ul>
      </section>
      {plan.missing_env.length > 0 && (
        <Keys
          title="Needed before the team can start"
          explain="Saved encrypted on the server, for all agents."
          requirements={plan.missing_env}
          onKeySaved={onKeySaved}
        />
      )}
      {plan.recommended_missing.length > 0 && (
        <Keys
          title="Optional"
          explain="Without a model key the agents give labelled demo answers. You can add one at any time."
          requirements={plan.recommended_missing}
          onKeySaved={onKeySaved}
        />
      )}
      {plan.create.length === 0 && (
        <Notice tone="info" title="The whole team exists already">
          Importing again creates nothing and changes nothing.
        </Notice>
      )}
    </div>
  );
}

function headline(plan: ImportPlan): string {
  const created = `Creates ${plan.create.length} ${plan.create.length === 1 ? 'agent' : 'agents'}`;
  return plan.keep.length > 0 ? `${created}, keeps ${plan.keep.length}` : created;
}

interface KeysProps {
  title: string;
  explain: string;
  requirements: readonly EnvRequirement[];
  onKeySaved: () => void;
}

function Keys({ title, explain, requirements, onKeySaved }: KeysProps) {
  return (
    <section>
      <h3 className="text-sm font-semibold">{title}</h3>
      <p className="mt-0.5 text-sm text-ink-soft">{explain}</p>
      <ul className="mt-2 space-y-2">
        {requirements.map((requirement) => (
          <li key={keyOf(requirement)}>
            <KeyForm names={membersOf(requirement)} onSaved={onKeySaved} />
          </li>
        ))}
      </ul>
    </section>
  );
}
