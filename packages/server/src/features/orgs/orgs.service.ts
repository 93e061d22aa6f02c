import type { ImportOrg, ImportPlan, ImportResult } from '@molecule/contract';
import { AppError, refuse } from '../../platform/http/app-error.js';
import { failingWith } from '../../platform/http/failing-with.js';
import type { Ports } from '../../ports.js';
import type { Secrets } from '../secrets/index.js';
import type { ComposedNode } from './compose-org.js';
import { type EnvGroup, listMissing, toRequirement } from './env-requirements.js';
import type { ImportWriter } from './import-writer.js';
import type { OrgFault } from './located.js';
import type { OrgCatalogue, ReadyOrg } from './org-catalogue.js';
import type { OrgNode } from './org-definition.js';

export interface OrgServiceDeps extends Pick<Ports, 'lanes' | 'logger'> {
  readonly catalogue: OrgCatalogue;
  readonly secrets: Pick<Secrets, 'findGlobalNames'>;
  readonly writer: ImportWriter;
  /** Judges the address of an external node; throws `invalid_url`. */
  readonly checkClaimedUrl: (url: string) => Promise<void>;
}

export interface OrgService {
  /** What an import would do; writes nothing. Refuses a template that could not be imported. */
  plan(body: ImportOrg): Promise<ImportPlan>;
  /**
   * Creates what is missing of an org, all of it or nothing (design §13). Repeatable: what exists by parent and name is
   * kept. The agents start afterwards; their progress is on the rows.
   */
  import(body: ImportOrg): Promise<ImportResult>;
}

/** Fixed by contract lifecycle §8.2. */
const COULD_NOT_VERIFY = 'could not verify required environment variables; try again or pass force=true to override';

export function createOrgService(deps: OrgServiceDeps): OrgService {
  const { lanes, writer } = deps;
  async function read(body: ImportOrg): Promise<ReadyOrg> {
    const org = await readSource(body);
    const faults = await listRefusedUrls(org.roots);
    if (faults.length > 0) {
      const id = body.dir || 'template';
      refuse('invalid_org_template', { fields: { problems: faults.map((fault) => ({ id, ...fault })) } });
    }
    return org;
  }

  async function readSource({ dir, template }: ImportOrg): Promise<ReadyOrg> {
    if (dir) return deps.catalogue.read(dir);
    if (!template || typeof template.name !== 'string' || template.name.trim() === '') refuse('org_source_required');
    return deps.catalogue.readInline(template);
  }

  async function listRefusedUrls(nodes: readonly ComposedNode[]): Promise<OrgFault[]> {
    const faults: OrgFault[] = [];
    for (const node of nodes) {
      if (node.externalUrl !== null) {
        try {
          await deps.checkClaimedUrl(node.externalUrl);
        } catch (error) {
          if (!(error instanceof AppError)) throw error;
          faults.push({ ...node.place, reason: `${node.path}: url: ${error.message}` });
        }
      }
      faults.push(...(await listRefusedUrls(node.children)));
    }
    return faults;
  }

  async function findMissing({ requirements }: ReadyOrg): Promise<{ required: EnvGroup[]; recommended: EnvGroup[] }> {
    const names = [...requirements.required, ...requirements.recommended].flat();
    const available = await deps.secrets.findGlobalNames(lanes.control, names);
    return {
      required: [...listMissing(requirements.required, available)],
      recommended: [...listMissing(requirements.recommended, available)],
    };
  }

  return {
    async plan(body) {
      const org = await read(body);
      const missing = await findMissing(org);
      const { create, keep } = await writer.plan(org.roots, 'match');
      return {
        org: org.definition.name,
        create,
        keep,
        missing_env: missing.required.map(toRequirement),
        recommended_missing: missing.recommended.map(toRequirement),
        notes: toNotes(org),
      };
    },

    async import(body) {
      const org = await read(body);
      const { name } = org.definition;
      if (body.force === true) {
        deps.logger.warn({ org: name }, 'org import without the check of required environment variables');
      } else {
        const missing = (await failingWith(COULD_NOT_VERIFY, () => findMissing(org))).required;
        if (missing.length > 0) {
          refuse('missing_required_env', {
            fields: {
              missing_env: missing.map(toRequirement),
              required_env: org.requirements.required.map(toRequirement),
              template: name,
              suggestion: 'set these as global secrets (POST /settings/secrets) or pass force=true to override',
            },
          });
        }
      }
      const decision = await writer.write(org.roots, 'match');
      const notes = toNotes(org);
      if (notes.length > 0) deps.logger.warn({ org: name, notes }, 'an org was imported otherwise than it is written');
      return {
        org: name,
        workspaces: decision.results,
        count: decision.results.length,
        ...(notes.length > 0 ? { notes } : {}),
      };
    },
  };
}

/** What the template asks for and an import does not do, or does otherwise: said instead of passed over. */
function toNotes({ definition: org, remarks, roots }: ReadyOrg): string[] {
  const nodes = flatten<OrgNode>(org.roots);
  const composed = flatten<ComposedNode>(roots);
  const count = (matches: (node: OrgNode) => boolean): number => nodes.filter(matches).length;
  const defaultsHaveMemories = org.defaults.memoryCount > 0;
  const found: readonly (readonly [count: number, what: string])[] = [
    [composed.filter((node) => node.schedules.length > 0).length, 'schedules are recorded and do not run yet'],
    [composed.filter((node) => node.channels.length > 0).length, 'channels are recorded and not connected yet'],
    [count((node) => defaultsHaveMemories || node.settings.memoryCount > 0), 'initial memories are not stored'],
    [org.globalMemoryCount > 0 ? nodes.length : 0, 'global memories are not stored'],
    [count((node) => node.twinCount > 0), 'a workspace named twice beside each other is one'],
    ...[...remarks].map(([what, affected]) => [affected, what] as const),
  ];
  return found.flatMap(([affected, what]) =>
    affected === 0 ? [] : [`${what} (${affected} of ${nodes.length} workspaces)`],
  );
}

function flatten<T extends { readonly children: readonly T[] }>(nodes: readonly T[]): T[] {
  return nodes.flatMap((node) => [node, ...flatten(node.children)]);
}
