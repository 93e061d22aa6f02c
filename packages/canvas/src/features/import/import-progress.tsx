import type { ImportResult, Status } from '@molecule/contract';
import { useFleet } from '../../app/services-context.js';
import { statusStyle } from '../../model/status.js';
import { StatusChip } from '../agents/status-mark.js';

/** How many agents of one import are online; follows the live events. */
export function useOnlineCount(result: ImportResult | undefined): number {
  return useFleet(({ fleet }) => {
    const created = result?.workspaces ?? [];
    return created.filter((one) => fleet.agents.get(one.id)?.status === 'online').length;
  });
}

/** Follows the agents of one import by the live events. */
export function ImportProgress({ result }: { result: ImportResult }) {
  const agents = useFleet((state) => state.fleet.agents);
  const online = useOnlineCount(result);
  const rows = result.workspaces.map((one) => ({
    ...one,
    status: agents.get(one.id)?.status ?? ('provisioning' satisfies Status as Status),
    error: agents.get(one.id)?.last_sample_error ?? '',
  }));
  const kept = rows.filter((row) => row.skipped).length;
  return (
    <div>
      <div className="flex items-baseline justify-between gap-3">
        <p role="status" className="text-sm font-medium">
          {online} of {rows.length} online
        </p>
        {kept > 0 && (
          <p className="text-sm text-ink-soft">
            {rows.length - kept} new, {kept} kept
          </p>
        )}
      </div>
      <div
        role="progressbar"
        aria-label="Agents online"
        aria-valuemin={0}
        aria-valuemax={rows.length}
        aria-valuenow={online}
        className="mt-2 h-1.5 overflow-hidden rounded-full bg-hover"
      >
        <div
          className="h-full rounded-full bg-ok-mark transition-[width] duration-500"
          style={{ width: `${rows.length === 0 ? 100 : (online / rows.length) * 100}%` }}
        />
      </div>
      <ul className="mt-4 overflow-hidden rounded-xl border border-line">
        {rows.map((row) => (
          <li key={row.id} className="flex items-center gap-3 border-b border-line px-3 py-2 text-sm last:border-b-0">
            <span className="min-w-0 flex-1">
              <span className="font-medium">{row.name}</span>
              {statusStyle(row.status).problem && row.error !== '' && (
                <span className="block text-xs break-words text-bad">{row.error}</span>
              )}
            </span>
            <StatusChip status={row.status} />
          </li>
        ))}
      </ul>
    </div>
  );
}
