import { toError } from '../../platform/errors.js';
import { fitEnd } from '../../platform/fit-text.js';
import { refuse } from '../../platform/http/app-error.js';
import type { Ports } from '../../ports.js';
import type { ProvisionerRegistry } from '../../provisioners/registry.js';
import { lockVerbSubject } from './lifecycle-verbs.store.js';
import { findWireRow } from './workspaces.views.js';

export interface InstanceReportsDeps extends Pick<Ports, 'lanes' | 'transact' | 'commit' | 'logger'> {
  readonly provisioners: ProvisionerRegistry;
}

const TAIL_BYTES_MAX = 5_500;
const TRUNCATED = '...(truncated)...';
const CONSOLE_LINES_MAX = 500;

/** What is said about an instance from outside of it, and what it has said itself (contract lifecycle §2.7, §2.9). */
export interface InstanceReports {
  /** False: the workspace was not starting any more, and nothing was changed. Repeatable. */
  bootstrapFailed(id: string, report: { readonly error?: string; readonly log_tail?: string }): Promise<boolean>;
  console(id: string): Promise<string>;
}

export function createInstanceReports(deps: InstanceReportsDeps): InstanceReports {
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
      const row = await findWireRow(deps.lanes.control, id);
      if (!row || row.status === 'removed') return refuse('workspace_not_found');
      const lookup = deps.provisioners.find(row.backend);
      const output = lookup.ok ? lookup.provisioner.console : null;
      if (!output) return refuse('console_unavailable');
      try {
        const { lines } = await output.read(id, { linesMax: CONSOLE_LINES_MAX, cursor: null });
        return lines.join('\n');
      } catch (error) {
        deps.logger.warn({ workspace: id, err: toError(error) }, 'the console of a workspace could not be read');
        return refuse('console_failed');
      }
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
