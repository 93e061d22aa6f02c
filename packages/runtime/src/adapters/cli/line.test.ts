import { expect, it } from 'vitest';
import { createLine } from './line.js';

const never = new AbortController().signal;

it('a turn that gives up waiting lets nobody past the one that runs', async () => {
  const line = createLine();
  const entered: string[] = [];
  const leaveFirst = await line.enter('c', never);
  const impatient = new AbortController();
  const second = line.enter('c', impatient.signal);
  impatient.abort(new Error('cancelled'));
  await expect(second).rejects.toThrow('cancelled');
  const third = line.enter('c', never).then((leave) => {
    entered.push('third');
    return leave;
  });
  // Another conversation has a line of its own, and gives the third every chance to slip in.
  (await line.enter('other', never))();
  await new Promise((resolve) => setImmediate(resolve));
  expect(entered).toEqual([]);
  leaveFirst();
  (await third)();
  expect(entered).toEqual(['third']);
});
