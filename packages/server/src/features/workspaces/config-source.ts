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
  const fallback = `${input.runtime}-default`;
  if (request.apply_template && usable(fallback)) return { label: fallback, apply: fallback };
  return { label: EXISTING_VOLUME, apply: null };
}

const EXISTING_VOLUME = 'existing-volume';
