import { createFakeClock } from '@molecule/testkit';
import { createSystemClock } from './clock.js';
import { clockSuite } from './clock.suite.js';

clockSuite('the system clock', () => {
  const clock = createSystemClock();
  return { clock, pass: (ms) => clock.sleep(ms) };
});

clockSuite('the fake clock', () => {
  const clock = createFakeClock();
  return { clock, pass: (ms) => clock.advance(ms) };
});
