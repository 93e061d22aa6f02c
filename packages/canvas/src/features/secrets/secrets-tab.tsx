import type { Secret, Workspace } from '@molecule/contract';
import { MODEL_VARIABLE, PROVIDER_VARIABLE } from '@molecule/contract/providers';
import { problemOf } from '../../model/problem.js';
import { Button } from '../../ui/button.js';
import { Notice } from '../../ui/notice.js';
import { SkeletonRows } from '../../ui/placeholder.js';
import { AddKeyForm } from './add-key-form.js';
import { ModelSection } from './model-section.js';
import { useGlobalSecrets, useWorkspaceSecrets } from './queries.js';
import type { SecretScope } from './secret-changes.js';
import { SecretEntry } from './secret-entry.js';

/** What an agent is given to work with: its model, the keys of its own, and those it shares with everybody. */
export function SecretsTab({ agent }: { agent: Workspace }) {
  return (
    <div className="relative h-full space-y-6 overflow-y-auto p-4">
      <ModelSection agent={agent} />
      <Keys agent={agent} />
    </div>
  );
}

function Keys({ agent }: { agent: Workspace }) {
  const seen = useWorkspaceSecrets(agent.id);
  const shared = useGlobalSecrets();
  if (seen.isPending || shared.isPending) return <SkeletonRows label="Loading the keys" rows={3} />;
  if (seen.isError || shared.isError) {
    const problem = problemOf(seen.error ?? shared.error);
    return (
      <Notice
        tone="error"
        title={problem.title}
        action={
          <Button size="small" onClick={() => Promise.all([seen.refetch(), shared.refetch()])}>
            Retry
          </Button>
        }
      >
        {problem.advice}
      </Notice>
    );
  }
  const scope: SecretScope = { kind: 'workspace', id: agent.id, name: agent.name };
  const own = seen.data.filter((secret) => secret.scope === 'workspace' && !isChosenAbove(secret));
  const inherited = seen.data.filter((secret) => secret.scope === 'global');
  const ownNames = new Set(own.map((secret) => secret.key));
  const sharedNames = new Set(shared.data.map((secret) => secret.key));
  const remarkOnName = (name: string) => {
    if (ownNames.has(name)) return 'Replaces its saved value.';
    return sharedNames.has(name) ? 'Overrides the global value for this agent.' : null;
  };
  return (
    <>
      <section className="border-t border-line pt-5">
        <h3 className="text-base font-semibold">Its own keys</h3>
        <p className="mt-0.5 text-sm text-ink-soft">
          Only this agent finds them in its environment. Saved encrypted and never shown again.
        </p>
        {own.length > 0 && (
          <ul className="mt-3 divide-y divide-line rounded-lg border border-line">
            {own.map((secret) => (
              <SecretEntry
                key={secret.key}
                secret={secret}
                scope={scope}
                mark={sharedNames.has(secret.key) ? 'Overrides global' : null}
              />
            ))}
          </ul>
        )}
        <AddKeyForm scope={scope} remarkOnName={remarkOnName} />
      </section>
      <section className="border-t border-line pt-5">
        <h3 className="text-base font-semibold">Inherited keys</h3>
        <p className="mt-0.5 text-sm text-ink-soft">
          {inherited.length === 0
            ? 'None: no key is saved for all agents, or this agent overrides each of them.'
            : 'Saved for all agents in the settings. A value of its own overrides one for this agent alone.'}
        </p>
        {inherited.length > 0 && (
          <ul className="mt-3 divide-y divide-line rounded-lg border border-line">
            {inherited.map((secret) => (
              <SecretEntry key={secret.key} secret={secret} scope={scope} mark="Global" />
            ))}
          </ul>
        )}
      </section>
    </>
  );
}

/** Model and provider are kept as secrets, but chosen by their own fields. */
function isChosenAbove(secret: Secret): boolean {
  return secret.key === MODEL_VARIABLE || secret.key === PROVIDER_VARIABLE;
}
