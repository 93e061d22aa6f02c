import { ArrowLeft, ArrowRight, Download } from 'lucide-react';
import { useState } from 'react';
import { useDialog, useGo } from '../../app/use-navigation.js';
import { problemOf } from '../../model/problem.js';
import { Button } from '../../ui/button.js';
import { Dialog } from '../../ui/dialog.js';
import { Notice } from '../../ui/notice.js';
import { Placeholder, SkeletonRows } from '../../ui/placeholder.js';
import { ImportBundle } from '../bundles/import-bundle.js';
import { ImportProgress, useOnlineCount } from './import-progress.js';
import { PlanView } from './plan-view.js';
import { useImportOrg, useImportPlan, useOrgTemplates } from './queries.js';
import { isReady } from './requirements.js';
import { TemplateProblems } from './template-problems.js';

/** Choose a team, see what would happen, make it happen, watch it come up. */
export function ImportDialog({ dir }: { dir: string | null }) {
  const dialog = useDialog();
  const go = useGo();
  const templates = useOrgTemplates();
  const plan = useImportPlan(dir);
  const run = useImportOrg();
  const [asked, setAsked] = useState(false);
  const template = templates.data?.find((one) => one.dir === dir);
  const problem = run.error ? problemOf(run.error) : null;

  const start = () => {
    if (dir === null) return;
    setAsked(true);
    run.mutate(dir, { onError: () => setAsked(false) });
  };
  const lead = run.data?.workspaces[0];
  const online = useOnlineCount(run.data);

  if (run.data) {
    const complete = online === run.data.workspaces.length;
    return (
      <Dialog
        open
        onClose={dialog.close}
        title={complete ? `${run.data.org} is online` : `${run.data.org} is on its way`}
        description={
          complete ? 'Every agent of the team answers messages.' : 'You can close this; the agents go on starting.'
        }
        footer={
          <>
            <Button onClick={dialog.close}>Close</Button>
            {lead && (
              <Button look="primary" icon={ArrowRight} onClick={() => go.agent(lead.id, 'chat')}>
                Talk to {lead.name}
              </Button>
            )}
          </>
        }
      >
        <ImportProgress result={run.data} />
      </Dialog>
    );
  }
  if (dir === null) {
    return (
      <Dialog
        open
        onClose={dialog.close}
        title="Import a team"
        description="Teams that ship with Molecule, and your own templates."
      >
        <TemplateList onPick={(next) => dialog.open('import', next)} />
        <ImportBundle />
      </Dialog>
    );
  }
  return (
    <Dialog
      open
      onClose={dialog.close}
      locked={asked}
      title={template?.name ?? plan.data?.org ?? 'Import a team'}
      description={template?.description ?? ''}
      footer={
        <>
          <Button
            look="quiet"
            icon={ArrowLeft}
            disabled={asked}
            className="mr-auto"
            onClick={() => dialog.open('import')}
          >
            Other teams
          </Button>
          <Button disabled={asked} onClick={dialog.close}>
            Cancel
          </Button>
          <Button
            look="primary"
            icon={Download}
            pending={asked}
            disabled={!plan.data || !isReady(plan.data) || plan.isFetching}
            onClick={start}
          >
            {plan.data && plan.data.create.length > 0
              ? `Create ${plan.data.create.length} ${plan.data.create.length === 1 ? 'agent' : 'agents'}`
              : 'Import'}
          </Button>
        </>
      }
    >
      {plan.isPending && <SkeletonRows label="Working out the plan" rows={3} />}
      {plan.isError && <TemplateProblems error={plan.error} onRetry={() => plan.refetch()} />}
      {plan.data && <PlanView plan={plan.data} onKeySaved={() => plan.refetch()} />}
      {problem && (
        <Notice tone="error" title={problem.title} className="mt-4">
          Nothing was created. {problem.advice}
        </Notice>
      )}
    </Dialog>
  );
}

function TemplateList({ onPick }: { onPick: (dir: string) => void }) {
  const templates = useOrgTemplates();
  if (templates.isPending) return <SkeletonRows label="Loading the teams" rows={3} />;
  if (templates.isError) return <TemplateProblems error={templates.error} onRetry={() => templates.refetch()} />;
  if (templates.data.length === 0) {
    return (
      <Placeholder icon={Download} title="No team templates were found">
        Put folders with an org.yaml into the directory named by MOLECULE_ORG_TEMPLATES_DIR.
      </Placeholder>
    );
  }
  return (
    <ul className="space-y-2">
      {templates.data.map((template) => (
        <li key={template.dir}>
          <button
            type="button"
            onClick={() => onPick(template.dir)}
            className="flex w-full items-center gap-3 rounded-xl border border-line px-4 py-3 text-left hover:border-accent hover:bg-hover"
          >
            <span className="min-w-0 flex-1">
              <span className="flex items-baseline gap-2">
                <span className="font-medium">{template.name}</span>
                <span className="text-xs text-ink-faint">
                  {template.workspaces === 1 ? '1 agent' : `${template.workspaces} agents`}
                </span>
              </span>
              <span className="mt-0.5 line-clamp-2 block text-sm text-ink-soft">{template.description}</span>
            </span>
            <ArrowRight aria-hidden className="size-4 shrink-0 text-ink-faint" />
          </button>
        </li>
      ))}
    </ul>
  );
}
