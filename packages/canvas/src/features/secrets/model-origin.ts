import type { ChosenSource, Template } from '@molecule/contract';
import { deriveProvider, MODEL_VARIABLE, PROVIDER_BY_PREFIX, PROVIDER_VARIABLE } from '@molecule/contract/providers';

/** Where a value comes from, and the value where it is known. */
export interface Origin {
  readonly source: 'own' | 'global' | 'template' | 'model' | 'default';
  readonly text: string;
}

interface ChosenModel {
  readonly model: string;
  readonly source: ChosenSource;
}

interface ChosenProvider {
  readonly provider: string;
  readonly source: ChosenSource;
}

const own: Origin = { source: 'own', text: 'Chosen for this agent alone.' };

export function modelOrigin(chosen: ChosenModel, template: Pick<Template, 'name' | 'id' | 'model'> | null): Origin {
  if (chosen.source === 'workspace_secrets') return own;
  if (chosen.source === 'global_secrets') return globalKey(MODEL_VARIABLE, chosen.model);
  if (template && template.model !== '') {
    const name = template.name || template.id;
    return { source: 'template', text: `Template “${name}”: ${template.model}, unless its config.yaml was edited.` };
  }
  return { source: 'default', text: 'Default: its config.yaml, else the first provider that has a key.' };
}

export function providerOrigin(chosen: ChosenProvider, model: ChosenModel): Origin {
  if (chosen.source === 'workspace_secrets') return own;
  if (chosen.source === 'global_secrets') return globalKey(PROVIDER_VARIABLE, chosen.provider);
  const derived = deriveProvider(model.model);
  if (derived !== null) return { source: 'model', text: `Follows from the model: ${derived}.` };
  return { source: 'default', text: 'Default: its model or its config.yaml decides.' };
}

function globalKey(name: string, value: string): Origin {
  return { source: 'global', text: `From the global key ${name}: ${value}.` };
}

/** Models a template offers, its own first. */
export function modelsOf(template: Pick<Template, 'model' | 'models'> | null): readonly string[] {
  if (template === null) return [];
  const offered = (template.models ?? []).flatMap(({ id }) => (typeof id === 'string' ? [id] : []));
  return [...new Set([template.model, ...offered])].filter((model) => model !== '');
}

/** Providers a template names; without any, all that are known. */
export function providersOf(template: Pick<Template, 'providers' | 'provider_registry'> | null): readonly string[] {
  const registered = (template?.provider_registry ?? []).flatMap(({ name }) =>
    typeof name === 'string' ? [name] : [],
  );
  const named = [...(template?.providers ?? []), ...registered];
  return named.length > 0 ? [...new Set(named)] : [...new Set(PROVIDER_BY_PREFIX.values())].toSorted();
}
