import type { OrgTemplate } from '@molecule/contract';
import { ArrowRight, Plus, Users } from 'lucide-react';
import { shortcuts } from '../../app/keymap.js';
import { useDialog } from '../../app/use-navigation.js';
import { problemOf } from '../../model/problem.js';
import { Button } from '../../ui/button.js';
import { Kbd } from '../../ui/kbd.js';
import { Notice } from '../../ui/notice.js';
import { SkeletonRows } from '../../ui/placeholder.js';
import { useOrgTemplates } from './queries.js';

/** The first thing a new server shows: teams that are ready to start. */
export function EmptyState() {
  const templates = useOrgTemplates();
  const dialog = useDialog();
  const problem = templates.error ? problemOf(templates.error) : null;
  return (
    <div className="relative h-full overflow-y-auto">
      <div className="mx-auto max-w-2xl px-6 pt-[12vh] pb-12">
        <h1 className="text-2xl font-semibold tracking-tight">Bring your first team online</h1>
        <p className="mt-2 max-w-xl text-base text-ink-soft">
          An agent has a role, a place in the tree and an inbox. Pick a team; it starts on this machine in a few
          seconds, and no key is needed to try it.
        </p>
        <div className="mt-7 space-y-3">
          {templates.isPending && <SkeletonRows label="Loading the teams" rows={2} />}
          {problem && (
            <Notice
              tone="error"
              title={problem.title}
              action={
                <Button size="small" onClick={() => templates.refetch()}>
                  Retry
                </Button>
              }
            >
              {problem.advice}
            </Notice>
          )}
          {templates.data?.map((template, index) => (
            <TeamCard
              key={template.dir}
              template={template}
              recommended={index === 0}
              onImport={() => dialog.open('import', template.dir)}
            />
          ))}
          {templates.data?.length === 0 && (
            <Notice tone="info" title="No team templates were found">
              Put folders with an org.yaml into the directory named by MOLECULE_ORG_TEMPLATES_DIR, or add agents one by
              one.
            </Notice>
          )}
        </div>
        <div className="mt-6 flex flex-wrap items-center gap-x-6 gap-y-3 text-sm text-ink-soft">
          <Button icon={Plus} onClick={() => dialog.open('create')}>
            Start with a single agent
          </Button>
          <span className="flex items-center gap-1.5">
            <Kbd keys={shortcuts.palette.keys} /> finds everything
          </span>
          <span className="flex items-center gap-1.5">
            <Kbd keys={shortcuts.help.keys} /> lists the keys
          </span>
        </div>
      </div>
    </div>
  );
}

function TeamCard({
  template,
  recommended,
  onImport,
}: {
  template: OrgTemplate;
  recommended: boolean;
  onImport: () => void;
}) {
  return (
    <button
      type="button"
      onClick={onImport}
      className="group flex w-full items-center gap-4 rounded-2xl border border-line bg-surface p-4 text-left shadow-card transition-[border-color,box-shadow] hover:border-accent hover:shadow-lift"
    >
      <span className="inline-flex size-11 shrink-0 items-center justify-center rounded-xl bg-accent-soft text-accent">
        <Users aria-hidden className="size-5" />
      </span>
      <span className="min-w-0 flex-1">
        <span className="flex items-center gap-2">
          <span className="text-base font-semibold">{template.name}</span>
          <span className="text-sm text-ink-faint">
            {template.workspaces === 1 ? '1 agent' : `${template.workspaces} agents`}
          </span>
          {recommended && (
            <span className="rounded-full bg-ok-soft px-2 py-0.5 text-xs font-medium text-ok">Good first choice</span>
          )}
        </span>
        <span className="mt-0.5 line-clamp-2 block text-sm text-ink-soft">{template.description}</span>
      </span>
      <ArrowRight
        aria-hidden
        className="size-5 shrink-0 text-ink-faint transition-transform group-hover:translate-x-0.5 group-hover:text-accent"
      />
    </button>
  );
}
