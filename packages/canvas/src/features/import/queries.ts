import type { OrgTemplate } from '@molecule/contract';
import { useMutation, useQuery } from '@tanstack/react-query';
import { useServices } from '../../app/services-context.js';

/** A large tree is written in one transaction; the server answers when it stands. */
const IMPORT_TIMEOUT_MS = 120_000;

export function useOrgTemplates() {
  const { client } = useServices();
  return useQuery({
    queryKey: ['org-templates'],
    queryFn: async ({ signal }) => starterFirst((await client.call('listOrgTemplates', {}, { signal })).body),
  });
}

/** What an import of this folder would do now. Saving a key changes the answer, so secrets are part of the key. */
export function useImportPlan(dir: string | null) {
  const { client } = useServices();
  return useQuery({
    queryKey: ['import-plan', dir],
    enabled: dir !== null,
    staleTime: 0,
    queryFn: async ({ signal }) => {
      const reply = await client.call('importOrg', { query: { dry_run: true }, body: { dir } }, { signal });
      if (reply.status !== 200) throw new Error('The server answered a dry run as if it were an import.');
      return reply.body;
    },
  });
}

export function useImportOrg() {
  const { client } = useServices();
  return useMutation({
    mutationFn: async (dir: string) => {
      const reply = await client.call('importOrg', { body: { dir } }, { timeoutMs: IMPORT_TIMEOUT_MS });
      if (reply.status !== 201) throw new Error('The server answered an import as if it were a dry run.');
      return reply.body;
    },
  });
}

function starterFirst(templates: readonly OrgTemplate[]): OrgTemplate[] {
  const rank = (template: OrgTemplate) => (template.dir === 'starter' ? 0 : 1);
  return templates.toSorted((a, b) => rank(a) - rank(b) || a.name.localeCompare(b.name));
}
