import { toError } from '../../platform/errors.js';
import { refuse } from '../../platform/http/app-error.js';
import type { Ports } from '../../ports.js';
import type { ProvisionerRegistry } from '../../provisioners/registry.js';
import { lockVerbSubject } from './lifecycle-verbs.store.js';
import { findWireRow } from './workspaces.views.js';

export interface InstanceReportsDeps extends Pick<Ports, 'lanes' | 'transact' | 'commit' | 'logger'> {
  readonly provisioners: ProvisionerRegistry;
}

const LOG_TAIL_BYTES_MAX = 8_192;
/** As many lines as a failure keeps, the mark included. */
const LOG_TAIL_LINES_MAX = 40;
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
                logTail: toLines(report.log_tail ?? ''),
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

/** The end matters most; what was left out is said, as clients of the predecessor know it. */
function toLines(tail: string): readonly string[] {
  if (tail === '') return [];
  const bytes = Buffer.from(tail);
  if (bytes.length <= LOG_TAIL_BYTES_MAX) return tail.split('\n');
  const kept = bytes.subarray(-LOG_TAIL_BYTES_MAX);
  // Not from within a character.
  const start = kept.findIndex((byte) => (byte & 0xc0) !== 0x80);
  return [
    TRUNCATED,
    ...kept
      .subarray(start)
      .toString()
      .split('\n')
      .slice(1 - LOG_TAIL_LINES_MAX),
  ];
}
