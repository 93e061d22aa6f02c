import type { Workspace } from '@molecule/contract';
import { useServices } from '../../app/services-context.js';
import { isExternal } from '../../model/lifecycle-verbs.js';
import { Button } from '../../ui/button.js';
import { Notice } from '../../ui/notice.js';
import { SkeletonRows } from '../../ui/placeholder.js';
import { ReadFailure } from '../../ui/read-failure.js';
import { TokenOnce } from './token-once.js';
import { TokenRow } from './token-row.js';
import { useTokenList } from './use-token-list.js';

const ROWS = 50;

/** Tokens that speak for one agent and for nobody else. */
export function WorkspaceTokensSection({ agent }: { agent: Workspace }) {
  const { client } = useServices();
  const params = { id: agent.id };
  const list = useTokenList({
    key: ['workspace-tokens', agent.id],
    list: async (signal) =>
      (await client.call('listWorkspaceTokens', { params, query: { limit: ROWS } }, { signal })).body.tokens,
    make: async () => (await client.call('createWorkspaceToken', { params })).body.auth_token,
    revoke: async (tokenId) => {
      await client.call('revokeWorkspaceToken', { params: { id: agent.id, tokenId } });
    },
  });
  return (
    <section className="border-t border-line pt-5">
      <div className="flex items-center gap-2">
        <h3 className="flex-1 text-sm font-semibold">Tokens</h3>
        <Button size="small" pending={list.make.isPending} onClick={() => list.make.mutate()}>
          Make token
        </Button>
      </div>
      <p className="mt-0.5 text-sm text-ink-soft">
        Each speaks for this agent alone.{!isExternal(agent) && ' The next start of the agent ends those made here.'}
      </p>
      <div className="mt-3 space-y-3">
        {list.problem && (
          <Notice tone="error" title={list.problem.title}>
            {list.problem.advice}
          </Notice>
        )}
        {list.made !== null && <TokenOnce token={list.made} onSaved={list.forget} />}
        {list.tokens.isPending ? (
          <SkeletonRows label="Loading the tokens" rows={1} />
        ) : list.tokens.isError ? (
          <ReadFailure error={list.tokens.error} onRetry={() => list.tokens.refetch()} />
        ) : list.tokens.data.length === 0 ? (
          <p className="text-sm text-ink-faint">None yet.</p>
        ) : (
          <ul className="divide-y divide-line rounded-lg border border-line">
            {list.tokens.data.map((token) => (
              <TokenRow
                key={token.id}
                prefix={token.prefix}
                {...(token.agent ? { name: 'Of its running agent' } : {})}
                createdAt={token.created_at}
                lastUsedAt={token.last_used_at}
                consequence={
                  token.agent
                    ? 'Its agent works with it and starts again with another. Work under way is interrupted.'
                    : 'Whatever uses it is refused from its next request on.'
                }
                pending={list.revoke.isPending && list.revoke.variables === token.id}
                onRevoke={() => list.revoke.mutate(token.id)}
              />
            ))}
          </ul>
        )}
      </div>
    </section>
  );
}
