import type { EnvRequirement } from '@molecule/contract';

const NAME = /^[A-Z][A-Z0-9_]{0,127}$/;

/** A set of names of which one suffices; a single member is a strict requirement. Members are valid, unique and sorted. */
export type EnvGroup = readonly string[];

/** Drops members that cannot be names; null when none is left. */
export function toEnvGroup(members: readonly string[]): EnvGroup | null {
  const valid = [...new Set(members.filter((member) => NAME.test(member)))].sort();
  return valid.length > 0 ? valid : null;
}

export interface EnvRequirements {
  readonly required: readonly EnvGroup[];
  readonly recommended: readonly EnvGroup[];
}

/**
 * The rules of contract lifecycle §8.3 over everything an org and its nodes ask for. A group that a strict name already
 * satisfies asks for nothing more, in its own tier or below; what is required is not recommended as well.
 */
export function collectRequirements(given: EnvRequirements): EnvRequirements {
  const strict = strictNames(given.required);
  const required = withoutSatisfied(unique(given.required), strict);
  const taken = new Set(required.map(keyOf));
  const recommended = unique(given.recommended).filter(
    (group) => !taken.has(keyOf(group)) && !group.some((member) => strict.has(member)),
  );
  return {
    required: inOrder(required),
    recommended: inOrder(withoutSatisfied(recommended, strictNames(recommended))),
  };
}

/** Which groups none of the `available` names satisfies. */
export function listMissing(groups: readonly EnvGroup[], available: ReadonlySet<string>): readonly EnvGroup[] {
  return groups.filter((group) => !group.some((member) => available.has(member)));
}

/** The wire form: a name, or a group of alternatives. */
export function toRequirement(group: EnvGroup): EnvRequirement {
  const [only] = group;
  return group.length === 1 && only !== undefined ? only : { any_of: [...group] };
}

function strictNames(groups: readonly EnvGroup[]): ReadonlySet<string> {
  return new Set(groups.filter((group) => group.length === 1).flat());
}

function withoutSatisfied(groups: readonly EnvGroup[], strict: ReadonlySet<string>): EnvGroup[] {
  return groups.filter((group) => group.length === 1 || !group.some((member) => strict.has(member)));
}

function unique(groups: readonly EnvGroup[]): EnvGroup[] {
  return [...new Map(groups.map((group) => [keyOf(group), group])).values()];
}

/** Strict names first, then groups, each alphabetically. */
function inOrder(groups: readonly EnvGroup[]): EnvGroup[] {
  const rank = (group: EnvGroup): string => `${group.length === 1 ? 0 : 1}${keyOf(group)}`;
  return [...groups].sort((a, b) => (rank(a) < rank(b) ? -1 : 1));
}

function keyOf(group: EnvGroup): string {
  return group.join(',');
}
