import { type FormEvent, useState } from 'react';
import { useServices } from '../../app/services-context.js';
import { Button } from '../../ui/button.js';
import { TextField } from '../../ui/field.js';
import { Notice } from '../../ui/notice.js';
import { SkeletonRows } from '../../ui/placeholder.js';
import { ReadFailure } from '../../ui/read-failure.js';
import { TokenOnce } from './token-once.js';
import { TokenRow } from './token-row.js';
import { useTokenList } from './use-token-list.js';

const NAME_MAX = 100;

/** Keys for scripts and colleagues that may do everything: named, seen, and revocable one by one. */
export function OrgTokensSection() {
  const { client } = useServices();
  const [name, setName] = useState('');
  const list = useTokenList({
    key: ['org-tokens'],
    list: async (signal) => (await client.call('listOrgTokens', {}, { signal })).body.tokens,
    make: async () => {
      const { body } = await client.call('createOrgToken', { body: { name: name.trim() || null } });
      setName('');
      return body.auth_token;
    },
    revoke: async (id) => {
      await client.call('revokeOrgToken', { params: { id } });
    },
  });
  const submit = (event: FormEvent) => {
    event.preventDefault();
    if (!list.make.isPending) list.make.mutate();
  };
  return (
    <section>
      <h3 className="mb-1 text-base font-semibold">Access tokens</h3>
      <p className="text-sm text-ink-soft">
        Each may do everything that you may. Give every script its own, so that one can be revoked without the others.
      </p>
      <div className="mt-3 space-y-3">
        {list.problem && (
          <Notice tone="error" title={list.problem.title}>
            {list.problem.advice}
          </Notice>
        )}
        {list.made !== null && <TokenOnce token={list.made} onSaved={list.forget} />}
        {list.tokens.isPending ? (
          <SkeletonRows label="Loading the tokens" rows={2} />
        ) : list.tokens.isError ? (
          <ReadFailure error={list.tokens.error} onRetry={() => list.tokens.refetch()} />
        ) : (
          list.tokens.data.length > 0 && (
            <ul className="divide-y divide-line rounded-lg border border-line">
              {list.tokens.data.map((token) => (
                <TokenRow
                  key={token.id}
                  prefix={token.prefix}
                  {...(token.name === undefined ? {} : { name: token.name })}
                  createdAt={token.created_at}
                  lastUsedAt={token.last_used_at ?? null}
                  consequence="Whatever uses it is refused from its next request on."
                  pending={list.revoke.isPending && list.revoke.variables === token.id}
                  onRevoke={() => list.revoke.mutate(token.id)}
                />
              ))}
            </ul>
          )
        )}
        <form className="flex items-end gap-2" onSubmit={submit}>
          <div className="flex-1">
            <TextField
              label="Name of a new token"
              value={name}
              maxLength={NAME_MAX}
              placeholder="Nightly report"
              onChange={(event) => setName(event.target.value)}
            />
          </div>
          <Button type="submit" pending={list.make.isPending}>
            Make token
          </Button>
        </form>
      </div>
    </section>
  );
}
