import type { Template, Workspace } from '@molecule/contract';
import { useQuery } from '@tanstack/react-query';
import { useServices } from '../../app/services-context.js';
import { SkeletonRows } from '../../ui/placeholder.js';
import { ReadFailure } from '../../ui/read-failure.js';
import { ChosenField } from './chosen-field.js';
import { modelOrigin, modelsOf, providerOrigin, providersOf } from './model-origin.js';
import { previewOf, useChosenModel } from './queries.js';
import type { Change } from './use-change.js';

/** The model and the provider of an agent: what it takes now and why, and a choice of its own. */
export function ModelSection({ agent }: { agent: Workspace }) {
  const { client } = useServices();
  const chosen = useChosenModel(agent.id);
  const template = useStoredTemplate(agent);
  const { id, name } = agent;
  return (
    <section>
      <h3 className="text-base font-semibold">Model and provider</h3>
      <p className="mt-0.5 mb-3 text-sm text-ink-soft">
        {agent.demo
          ? 'It answers without a model now: demo answers.'
          : agent.model
            ? `It works with ${agent.model} now.`
            : 'Which model it works with is not known before it has started.'}
      </p>
      {chosen.isPending && <SkeletonRows label="Loading the model" rows={2} />}
      {chosen.isError && <ReadFailure error={chosen.error} onRetry={() => chosen.refetch()} />}
      {chosen.data && (
        <div className="space-y-4">
          <ChosenField
            label="Model"
            chosen={chosen.data.model.source === 'workspace_secrets' ? chosen.data.model.model : null}
            origin={modelOrigin(chosen.data.model, template)}
            suggestions={modelsOf(template)}
            placeholder="Name of a model"
            changeTo={(model): Change => ({
              ...choiceOf(name, 'model', model),
              preview: async () =>
                previewOf(
                  (await client.call('putModel', { params: { id }, query: { dry_run: true }, body: { model } })).body,
                ),
              apply: async () => {
                await client.call('putModel', { params: { id }, body: { model } });
                return null;
              },
            })}
          />
          <ChosenField
            label="Provider"
            chosen={chosen.data.provider.source === 'workspace_secrets' ? chosen.data.provider.provider : null}
            origin={providerOrigin(chosen.data.provider, chosen.data.model)}
            suggestions={providersOf(template)}
            placeholder="Name of a provider"
            changeTo={(provider): Change => ({
              ...choiceOf(name, 'provider', provider),
              preview: async () =>
                previewOf(
                  (await client.call('putProvider', { params: { id }, query: { dry_run: true }, body: { provider } }))
                    .body,
                ),
              apply: async () => {
                await client.call('putProvider', { params: { id }, body: { provider } });
                return null;
              },
            })}
          />
        </div>
      )}
    </section>
  );
}

function choiceOf(agent: string, noun: 'model' | 'provider', value: string): Omit<Change, 'preview' | 'apply'> {
  const cleared = value === '';
  return {
    title: cleared ? `Let its configuration decide the ${noun} of ${agent}?` : `Give ${agent} the ${noun} ${value}?`,
    effect: cleared ? 'The choice made here is taken back.' : `It is kept for ${agent} through every restart.`,
    confirm: cleared ? 'Take choice back' : `Choose ${noun}`,
    removes: false,
    done: cleared ? `The ${noun} is no longer chosen here` : `Chosen: ${value}`,
  };
}

function useStoredTemplate({ template }: Workspace): Template | null {
  const { client } = useServices();
  const templates = useQuery({
    queryKey: ['templates'],
    queryFn: async ({ signal }) => (await client.call('listTemplates', {}, { signal })).body,
    enabled: template !== '',
  });
  return templates.data?.find((one) => one.id === template) ?? null;
}
