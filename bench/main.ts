import { loadavg } from 'node:os';
import { measureAccept } from './accept.bench.js';
import { measureBurst } from './burst.bench.js';
import { measureHeartbeat } from './heartbeat.bench.js';
import { measureImport } from './import.bench.js';
import { measureList } from './list.bench.js';
import { measurePollAgents } from './poll-agents.bench.js';
import { measureProxy } from './proxy.bench.js';
import { createRig, type Rig } from './rig.js';
import { type Row, toTable } from './table.js';

/** In this order: the later ones add workspaces, which the earlier ones must not see. */
const MEASUREMENTS: Readonly<Record<string, (rig: Rig) => Promise<Row>>> = {
  heartbeat: measureHeartbeat,
  list: measureList,
  accept: measureAccept,
  proxy: measureProxy,
  burst: measureBurst,
  import: measureImport,
};

const log = (line: string) => process.stderr.write(`${line}\n`);
const [first, minutes] = process.argv.slice(2);
if (first === 'poll-agents') {
  // Long and by itself: it measures endurance, not a ratio.
  const row = await measurePollAgents(Number(minutes ?? 1));
  console.log(`\n${toTable([row])}`);
  process.exit(row.ok ? 0 : 1);
}
const wanted = process.argv.slice(2);
const unknown = wanted.filter((name) => !(name in MEASUREMENTS));
if (unknown.length > 0) {
  log(
    `There is no measurement called ${unknown.join(', ')}. There are: ${Object.keys(MEASUREMENTS).join(', ')}, and poll-agents by itself.`,
  );
  process.exit(2);
}

const [load = 0] = loadavg();
if (load > 0.5) {
  log(`Other programs kept ${load.toFixed(1)} cores busy during the last minute: measure again on a quiet machine.`);
}
const rows: Row[] = [];
const rig = await createRig(log);
try {
  for (const [name, measure] of Object.entries(MEASUREMENTS)) {
    if (wanted.length > 0 && !wanted.includes(name)) continue;
    log(`Measuring ${name}.`);
    const row = await measure(rig);
    log(`  ${row.measured}`);
    rows.push(row);
  }
} catch (error) {
  log(`The server said:\n${rig.output()}`);
  throw error;
} finally {
  await rig.dispose();
}
console.log(`\n${toTable(rows)}`);
process.exitCode = rows.every(({ ok }) => ok) ? 0 : 1;
