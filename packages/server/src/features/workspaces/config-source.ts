import type { RestartWorkspace } from '@molecule/contract';

/** Where the configuration of the next instance comes from. */
export interface ConfigSource {
  /** Shown as `config_dir`: a template, or `existing-volume`. */
  readonly label: string;
  /** The template to lay over the configuration folder; null leaves it as its owner edited it. */
  readonly apply: string | null;
}

export interface ConfigSourceInput {
  readonly name: string;
  readonly runtime: string;
  readonly storedTemplate: string | null;
  readonly appliedTemplate: string | null;
  readonly request: RestartWorkspace;
  readonly templates: {
    /** Null when there is no usable template of this name. */
    find(name: string): unknown;
    isSafeName(name: string): boolean;
    /** The template that carries the name of a workspace as its folder or in its configuration. */
    findForName(workspaceName: string): string | null;
    /** The same below `org-templates/`, as the label of what is laid. */
    findRebuildSource(workspaceName: string): string | null;
  };
}

/**
 * Which template a manual restart uses, in the order of contract lifecycle §2.2 under the ruling of design §13: the
 * stored one is laid over the folder only when it is another than the one laid there last, so that edits survive an
 * ordinary restart (R2, R4). A template that cannot be found is passed over, never a reason to refuse the restart.
 */
export function resolveConfigSource(input: ConfigSourceInput): ConfigSource {
  const { request, storedTemplate: stored, templates } = input;
  const usable = (name: string | null | undefined): name is string =>
    typeof name === 'string' && templates.isSafeName(name) && templates.find(name) !== null;
  if (usable(request.template)) return { label: request.template, apply: request.template };
  if (request.apply_template) {
    const named = templates.findForName(input.name);
    if (named !== null) return { label: named, apply: named };
  }
  if (usable(stored)) {
    const differs = request.apply_template === true || stored !== input.appliedTemplate;
    return { label: stored, apply: differs ? stored : null };
  }
  const rebuilt = request.rebuild_config ? templates.findRebuildSource(input.name) : null;
  if (rebuilt !== null) return { label: rebuilt, apply: rebuilt };
  const fallback = `${input.runtime}-default`;
  if (request.apply_template && usable(fallback)) return { label: fallback, apply: fallback };
  return { label: EXISTING_VOLUME, apply: null };
}

const EXISTING_VOLUME = 'existing-volume';

/** What a start writes into a configuration folder without config.yaml. */
export type InitialConfig =
  /** `template` below, if any, and the workspace's own files above it, the generated config.yaml among them. */
  { readonly kind: 'compose'; readonly template: string | null } | { readonly kind: 'nothing'; readonly text: string };

export interface InitialConfigInput {
  readonly workspaceId: string;
  readonly runtime: string;
  readonly storedTemplate: string | null;
  /** Files were composed for this workspace by an org import, beside what is stored. */
  readonly hasOwnFiles: boolean;
  /** When an instance became ready for the first time; null when none ever did. */
  readonly provisionedAt: string | null;
  readonly templates: {
    /** Whether there is a template of this name, be it one that cannot be used: that is told where it is read. */
    isKnown(name: string): boolean;
  };
}

/**
 * First start and recovery of an emptied volume (contract lifecycle §1.1, §14.6). A default is generated only for a
 * workspace that never ran: one that did had a configuration of its own, and starting it on a default would make another
 * agent of it in silence.
 */
export function resolveInitialConfig(input: InitialConfigInput): InitialConfig {
  const { runtime, storedTemplate: stored, templates } = input;
  if (stored !== null && templates.isKnown(stored)) return { kind: 'compose', template: stored };
  if (stored === null && (input.hasOwnFiles || input.provisionedAt === null))
    return { kind: 'compose', template: null };
  const fallback = [`${runtime}-default`, runtime].find((name) => templates.isKnown(name));
  if (fallback !== undefined) return { kind: 'compose', template: fallback };
  return { kind: 'nothing', text: explainNothing(input) };
}

/** The beginning is fixed by contract lifecycle §14.6. */
function explainNothing({ workspaceId, storedTemplate, provisionedAt }: InitialConfigInput): string {
  const history = [
    provisionedAt === null ? 'it was never provisioned' : `emptied since it was first provisioned at ${provisionedAt}`,
    ...(storedTemplate === null ? [] : [`there is no template "${storedTemplate}" any more`]),
  ].join('; ');
  return `cannot start workspace ${workspaceId}: no config.yaml source and config volume is empty (${history}). Put its config.yaml back, or restart it with a template: POST /workspaces/${workspaceId}/restart {"template": "…"}.`;
}
