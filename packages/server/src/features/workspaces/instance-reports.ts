import { toError } from '../../platform/errors.js';
import { fitEnd } from '../../platform/fit-text.js';
import { refuse } from '../../platform/http/app-error.js';
import type { Ports } from '../../ports.js';
import type { ConsoleAccess, ConsolePage } from '../../provisioners/provisioner.js';
import type { ProvisionerRegistry } from '../../provisioners/registry.js';
import { findBackendHere } from './backend-here.js';
import { lockVerbSubject } from './lifecycle-verbs.store.js';
import { findReconcileRow } from './workspaces.store.js';

export interface InstanceReportsDeps extends Pick<Ports, 'lanes' | 'transact' | 'commit' | 'logger'> {
  readonly provisioners: ProvisionerRegistry;
  readonly hostId: string;
}

const TAIL_BYTES_MAX = 5_500;
const TRUNCATED = '...(truncated)...';
const CONSOLE_LINES_MAX = 500;

/** What is said about an instance from outside of it, and what it has said itself (contract lifecycle §2.7, §2.9). */
export interface InstanceReports {
  /** False: the workspace was not starting any more, and nothing was changed. Repeatable. */
  bootstrapFailed(id: string, report: { readonly error?: string; readonly log_tail?: string }): Promise<boolean>;
  console(id: string): Promise<string>;
  /** One page of it; null where the backend keeps none. */
  logs(id: string, limit: number, after: string | null): Promise<ConsolePage | null>;
}

export function createInstanceReports(deps: InstanceReportsDeps): InstanceReports {
  async function findOutput(id: string): Promise<ConsoleAccess | null> {
    const row = await findReconcileRow(deps.lanes.control, id);
    if (row === null || row.status === 'removed') return refuse('workspace_not_found');
    return findBackendHere(deps, row)?.console ?? null;
  }

  return {
    bootstrapFailed: (id, report) =>
      deps.transact('control', async (tx) => {
        const row = await lockVerbSubject(tx, id);
        if (row?.status !== 'provisioning') return false;
        const text = report.error?.trim() || 'bootstrap failed — see log_tail';
        await deps.commit(tx, {
          transitions: [
            {
              workspaceId: id,
              trigger: 'start_failed',
              failure: {
                reason: 'bootstrap_failed',
                text,
                logTail: toTail(report.log_tail ?? ''),
                event: { source: 'bootstrap_watcher' },
              },
            },
          ],
        });
        return true;
      }),

    async console(id) {
      const output = await findOutput(id);
      if (output === null) return refuse('console_unavailable');
      try {
        const { lines } = await output.read(id, { linesMax: CONSOLE_LINES_MAX, cursor: null });
        return lines.join('\n');
      } catch (error) {
        deps.logger.warn({ workspace: id, err: toError(error) }, 'the console of a workspace could not be read');
        return refuse('console_failed');
      }
    },

    async logs(id, limit, after) {
      const output = await findOutput(id);
      return output === null ? null : output.read(id, { linesMax: limit, cursor: after });
    },
  };
}

/**
 * The end matters most; what was left out is said, as clients of the predecessor know it. One piece, however many lines it
 * has, of a size that its event always has room for beside the sentence.
 */
function toTail(tail: string): readonly string[] {
  const kept = fitEnd(tail, TAIL_BYTES_MAX);
  return [kept === tail ? tail : `${TRUNCATED}\n${kept.slice(1)}`];
}
