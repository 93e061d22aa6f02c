import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fingerprint } from './fingerprint.mjs';
import { withLock } from './lock.mjs';
import { Refusal, toWriteRefusal } from './refusal.mjs';
import { ROOT, STATE_DIR } from './root.mjs';
import { tail } from './run.mjs';
import { STEPS } from './steps.mjs';

/**
 * Builds what changed since the last build, each step on its own, and resolves to the names of the steps that ran.
 * When nothing changed it only looks at file times. `only` limits it to some steps.
 */
export async function ensureBuilt({ log, only = STEPS.map((step) => step.name) }) {
  const steps = STEPS.filter((step) => only.includes(step.name));
  if (steps.filter(isStale).length === 0) return [];
  return withLock(log, async () => {
    const stale = steps.filter(isStale); // Looked at again: another script may have built while this one waited.
    if (stale.length === 0) return [];
    log(`Building ${stale.map((step) => step.what).join(', ')}.`);
    const results = await Promise.allSettled(stale.map(build));
    const failed = results.find((result) => result.status === 'rejected');
    if (failed !== undefined) throw failed.reason;
    return stale.map((step) => step.name);
  });
}

function isStale(step) {
  if (!step.isNeeded()) return false;
  const stamp = findStamp(step);
  if (stamp === null || step.outputs.some((path) => !existsSync(join(ROOT, path)))) return true;
  const now = fingerprint(step.inputs);
  return now.quick !== stamp.quick && now.content() !== stamp.content;
}

async function build(step) {
  // Taken before the step reads its inputs: a file saved meanwhile makes the stamp old, never wrongly new.
  const inputs = fingerprint(step.inputs);
  const content = inputs.content();
  const { code, output } = await step.run();
  if (code !== 0) {
    const denied = /EACCES|EROFS|permission denied|read-only file system/i.test(output);
    const help = denied
      ? `${tail(output, 5)}\nRun npm start once as the user that owns this folder, or clone Molecule into a folder you may write.`
      : `${tail(output, 40)}\nCorrect what is named above, or return to a released version with git checkout.`;
    throw new Refusal(`Cannot build ${step.what}.`, help);
  }
  const missing = step.outputs.find((path) => !existsSync(join(ROOT, path)));
  if (missing !== undefined) {
    throw new Refusal(
      `Cannot build ${step.what}: ${missing} was not made.`,
      'Restore the sources with git checkout and start again.',
    );
  }
  writeStamp(step, { quick: inputs.quick, content });
}

function stampPath(step) {
  return join(STATE_DIR, `${step.name}.json`);
}

function findStamp(step) {
  try {
    return JSON.parse(readFileSync(stampPath(step), 'utf8'));
  } catch (error) {
    if (error.code === 'ENOENT' || error instanceof SyntaxError) return null; // A torn stamp only costs a build.
    throw error;
  }
}

function writeStamp(step, stamp) {
  try {
    mkdirSync(STATE_DIR, { recursive: true });
    writeFileSync(stampPath(step), JSON.stringify(stamp));
  } catch (error) {
    throw toWriteRefusal(error, STATE_DIR);
  }
}
