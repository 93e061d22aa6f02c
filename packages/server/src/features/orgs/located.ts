/** Where something stands in an org template. `file` is relative to the org's folder; line and column are 1-based. */
export interface Place {
  readonly file: string;
  readonly line?: number;
  readonly column?: number;
}

/** A value of an org template that still knows where it was written, across included files. */
export type Located =
  | { readonly kind: 'scalar'; readonly place: Place; readonly value: unknown }
  | { readonly kind: 'list'; readonly place: Place; readonly items: readonly Located[] }
  | { readonly kind: 'map'; readonly place: Place; readonly entries: ReadonlyMap<string, Located> };

/** A mistake in an org template, with its place. */
export interface OrgFault extends Place {
  readonly reason: string;
}

export function faultAt(place: Place, reason: string): OrgFault {
  return { ...place, reason };
}

/** Twice the levels a tree may have, and room for what stands inside a node. */
const DEPTH_MAX = 96;

/** An inline template: JSON has no lines, so faults are told apart by the names in their reasons. */
export function fromJson(value: unknown, depth = 0): Located {
  const place = { file: 'template' };
  if (depth > DEPTH_MAX) return { kind: 'scalar', place, value: undefined };
  if (Array.isArray(value)) {
    return { kind: 'list', place, items: value.map((item: unknown) => fromJson(item, depth + 1)) };
  }
  if (typeof value === 'object' && value !== null) {
    const entries = Object.entries(value).map(([key, item]) => [key, fromJson(item, depth + 1)] as const);
    return { kind: 'map', place, entries: new Map(entries) };
  }
  return { kind: 'scalar', place, value };
}
