import type { TemplateProblem } from '@molecule/contract';
import type { Catalogue, StoredTemplate } from './catalogue.js';

/**
 * Templates by the label a workspace keeps: the name of a template, or `org-templates/<folder>` for one that a restart
 * rebuilds a configuration from (contract lifecycle §2.2 step 4). No name of a template holds a slash.
 */
export interface TemplateLookup {
  find(label: string): StoredTemplate | null;
  /** Why the template of this label cannot be used; null when it can, or there is none. */
  findProblem(label: string): TemplateProblem | null;
}

export const REBUILD_FOLDER = 'org-templates';
const PREFIX = `${REBUILD_FOLDER}/`;

/** One folder name: nothing that climbs, hides or names a path. */
export function isSafeName(name: string): boolean {
  return /^[^./\\\0][^/\\\0]{0,127}$/.test(name);
}

export function createTemplateLookup(own: Catalogue, rebuild: Catalogue): TemplateLookup {
  function place(label: string): { readonly catalogue: Catalogue; readonly id: string } | null {
    const isRebuild = label.startsWith(PREFIX);
    const id = isRebuild ? label.slice(PREFIX.length) : label;
    return isSafeName(id) ? { catalogue: isRebuild ? rebuild : own, id } : null;
  }
  return {
    find(label) {
      const where = place(label);
      return where ? where.catalogue.find(where.id) : null;
    },
    findProblem(label) {
      const where = place(label);
      return where ? (where.catalogue.problems().find(({ id }) => id === where.id) ?? null) : null;
    },
  };
}

/**
 * The template made for a workspace of this name: its folder is the name in lower case with hyphens, or its
 * configuration carries the name (contract lifecycle §2.2 step 2). Null when there is none.
 */
export function findForName(templates: readonly StoredTemplate[], workspaceName: string): string | null {
  const folder = workspaceName.trim().toLowerCase().replaceAll(/\s+/g, '-');
  // Folders of single workspaces, which an export leaves behind, are nobody's template.
  const known = templates.filter((template) => !template.id.startsWith('ws-'));
  const found =
    known.find((template) => template.id === folder) ??
    known.find((template) => template.config.name?.toLowerCase() === workspaceName.trim().toLowerCase());
  return found?.id ?? null;
}

export function toRebuildLabel(id: string): string {
  return PREFIX + id;
}
