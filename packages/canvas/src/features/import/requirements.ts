import type { EnvRequirement, ImportPlan } from '@molecule/contract';

/** The names of which any one satisfies the requirement. */
export function membersOf(requirement: EnvRequirement): readonly string[] {
  return typeof requirement === 'string' ? [requirement] : requirement.any_of;
}

export function keyOf(requirement: EnvRequirement): string {
  return membersOf(requirement).join('|');
}

/** An import is refused while required keys are missing; recommended ones only cost a warning. */
export function isReady(plan: ImportPlan): boolean {
  return plan.missing_env.length === 0;
}

export interface PlanRow {
  readonly path: string;
  readonly name: string;
  readonly depth: number;
  readonly kind: 'create' | 'keep';
  readonly detail: string;
}

/** New and kept agents as one tree, in the order of their paths. */
export function planRows(plan: ImportPlan): PlanRow[] {
  const rows: PlanRow[] = [
    ...plan.create.map((node) => ({
      path: node.path,
      name: node.name,
      depth: node.path.split(' / ').length - 1,
      kind: 'create' as const,
      detail: [node.runtime, node.template].filter(Boolean).join(', '),
    })),
    ...plan.keep.map((node) => ({
      path: node.path,
      name: node.name,
      depth: node.path.split(' / ').length - 1,
      kind: 'keep' as const,
      detail: 'exists already',
    })),
  ];
  const order = new Map(rows.map((row, index) => [row.path, index]));
  return rows.toSorted((a, b) => comparePaths(a.path.split(' / '), b.path.split(' / '), order));
}

/** Parents first; siblings in the order of the plan. */
function comparePaths(a: readonly string[], b: readonly string[], order: ReadonlyMap<string, number>): number {
  const depth = Math.min(a.length, b.length);
  for (let level = 1; level <= depth; level += 1) {
    const left = a.slice(0, level).join(' / ');
    const right = b.slice(0, level).join(' / ');
    if (left !== right) return (order.get(left) ?? 0) - (order.get(right) ?? 0);
  }
  return a.length - b.length;
}
