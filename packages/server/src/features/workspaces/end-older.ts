import type { Ports } from '../../ports.js';
import {
  DriverError,
  type InstanceRecord,
  type InstanceRef,
  type Provisioner,
} from '../../provisioners/provisioner.js';

const ATTEMPTS = 3;
const FIRST_PAUSE_MS = 1_000;

/**
 * Ends what runs of a workspace before it starts again, in bounded attempts (contract lifecycle §13.5). Null when it has
 * ended; otherwise why not, for people, and one line in the log that says what may have been left running: a second agent
 * in the same folder is never started beside it, and the search for orphans goes on with it. Rejects when `signal` aborts,
 * when the backend can no longer be asked, and on a bug of the driver; then nothing is said of a leak.
 */
export async function endOlder(
  deps: Pick<Ports, 'clock' | 'logger'>,
  provisioner: Provisioner,
  ref: InstanceRef & { readonly record: InstanceRecord },
  signal: AbortSignal,
): Promise<string | null> {
  for (let attempt = 1; ; attempt++) {
    let failure: DriverError;
    try {
      await provisioner.stop(ref, signal);
      return null;
    } catch (error) {
      if (signal.aborted || !(error instanceof DriverError) || error.kind === 'defect') throw error;
      failure = error;
    }
    const fields = { workspace: ref.workspaceId, instance: ref.record.instanceId, attempt, err: failure };
    const seen = await provisioner.inspect(ref);
    if (seen.state === 'unknown')
      throw new DriverError('unavailable', seen.reason, { retryable: true, cause: failure });
    if (attempt === ATTEMPTS) {
      deps.logger.error(fields, 'LEAK-SUSPECT: an agent could not be ended, and may go on running');
      return failure.message;
    }
    deps.logger.warn(fields, 'an agent could not be ended before its restart; tried again');
    await deps.clock.sleep(FIRST_PAUSE_MS * 2 ** (attempt - 1), signal);
  }
}
