import { fileURLToPath } from 'node:url';
import type { Routes } from '@molecule/contract';
import type { HandlersFor } from '../../platform/http/handlers.js';
import type { Ports } from '../../ports.js';
import type { Actor } from '../access/index.js';
import type { Channels } from '../channels/index.js';
import type { Schedules } from '../schedules/index.js';
import type { Secrets } from '../secrets/index.js';
import type { Templates } from '../templates/index.js';
import type { ImportWriter } from './import-writer.js';
import { createOrgCatalogue } from './org-catalogue.js';
import { createOrgService, type OrgServiceDeps } from './orgs.service.js';

export type { ImportNode } from './import-plan.js';
export { createImportWriter, type ImportWriter } from './import-writer.js';

export interface OrgsDeps extends Pick<Ports, 'lanes' | 'logger'> {
  /** Extends the built-in org templates; on equal names the user's win. Null when none is configured. */
  readonly userFolder: string | null;
  /** Where the org templates that ship with the product lie; tests name another. */
  readonly builtInFolder?: string;
  readonly templates: Pick<Templates, 'find' | 'isSafeName' | 'readConfig' | 'problems'>;
  readonly secrets: Pick<Secrets, 'checkNames' | 'findGlobalNames'>;
  readonly schedules: Pick<Schedules, 'judge'>;
  readonly channels: Pick<Channels, 'isKnown' | 'judge'>;
  readonly pluginFolders: readonly string[];
  readonly writer: ImportWriter;
  readonly checkClaimedUrl: OrgServiceDeps['checkClaimedUrl'];
}

export interface Orgs {
  /** Problems of workspace templates are told here as well: to a person both are templates. */
  readonly handlers: Pick<HandlersFor<Routes, Actor>, 'listOrgTemplates' | 'listTemplateProblems' | 'importOrg'>;
}

const BUILT_IN_FOLDER = fileURLToPath(new URL('../../../../../templates/orgs', import.meta.url));

export function createOrgs(deps: OrgsDeps): Orgs {
  const catalogue = createOrgCatalogue({
    ...deps,
    folders: [deps.builtInFolder ?? BUILT_IN_FOLDER, ...(deps.userFolder === null ? [] : [deps.userFolder])],
  });
  const service = createOrgService({ ...deps, catalogue });
  return {
    handlers: {
      listOrgTemplates: async () => ({ status: 200, body: [...(await catalogue.list())] }),
      listTemplateProblems: async () => ({
        status: 200,
        body: [...deps.templates.problems(), ...(await catalogue.problems())],
      }),
      importOrg: async ({ body, query }) =>
        query.dry_run
          ? { status: 200, body: await service.plan(body) }
          : { status: 201, body: await service.import(body) },
    },
  };
}
