import { type RouteName, type RouteSpec, routes } from '@molecule/contract';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { useTestDatabase } from './database.js';
import { EXAMPLES, type Example } from './parameter-examples.js';
import { createParametersWorld, type ParametersWorld } from './parameters-world.js';

const declared = (Object.entries(routes) as [RouteName, RouteSpec][]).flatMap(([name, { query }]) =>
  Object.keys(query ?? {}).map((parameter) => [name, parameter] as const),
);
const EXAMPLE_OF: Readonly<Record<string, Readonly<Record<string, Example>>>> = EXAMPLES;

describe('a parameter of the query', () => {
  const database = useTestDatabase();
  let world: ParametersWorld;
  beforeAll(async () => {
    world = await createParametersWorld(database.url);
  }, 120_000);
  afterAll(() => world.close());

  it.each(declared)(
    'R37: %s: %s changes the answer',
    async (name, parameter) => {
      const example = EXAMPLE_OF[name]?.[parameter];
      if (example === undefined) throw new Error(`there is no example of what ${parameter} does to ${name}`);
      const { without, given } = await example(world);
      // A refusal would differ as well, and say nothing about the parameter.
      expect({ name, parameter, status: given.status }).toMatchObject({ status: expect.toSatisfy(isGood) });
      expect(given).not.toEqual(without);
    },
    90_000,
  );
});

function isGood(status: number): boolean {
  return status >= 200 && status < 300;
}
