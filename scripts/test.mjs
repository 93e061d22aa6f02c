// npm test: install and build if needed, then every kind of test. The last line is the total of all of them.
//   npm test                     everything
//   npm test -- <filter>...      the test files whose path contains a filter
//   npm run test:full            what needs the network or much time, and nothing else
//   npm run chaos                of that, the long storms of kill -9
//   npm test -- --no-install     skip what needs a browser instead of installing one
import { checkNodeVersion } from './lib/node-version.mjs';

checkNodeVersion();
await import('./test/main.mjs');
