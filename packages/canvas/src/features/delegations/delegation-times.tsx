import type { AdminDelegation } from '@molecule/contract';
import type { ReactNode } from 'react';
import { ageOf, agoOf, exactTime } from '../../model/relative-time.js';

interface DelegationTimesProps {
  row: AdminDelegation;
  ended: boolean;
  now: number;
}

/** What tells a slow delegation from one that hangs: how old it is, its last sign of life, and when it is given up. */
export function DelegationTimes({ row, ended, now }: DelegationTimesProps) {
  return (
    <dl className="mt-1.5 flex flex-wrap gap-x-4 gap-y-0.5 text-xs">
      <Fact name="Age" at={row.created_at}>
        {ageOf(row.created_at, now)}
      </Fact>
      {row.last_heartbeat ? (
        <Fact name="Last sign of life" at={row.last_heartbeat}>
          {agoOf(row.last_heartbeat, now)}
        </Fact>
      ) : (
        !ended && <Fact name="Last sign of life">none yet</Fact>
      )}
      {!ended && row.deadline && (
        <Fact name="Given up" at={row.deadline}>
          {Date.parse(row.deadline) > now ? `in ${ageOf(now, Date.parse(row.deadline))}` : 'now'}
        </Fact>
      )}
      {ended && (
        <Fact name="Ended" at={row.updated_at}>
          {agoOf(row.updated_at, now)}
        </Fact>
      )}
    </dl>
  );
}

function Fact({ name, at, children }: { name: string; at?: string; children: ReactNode }) {
  return (
    <div className="flex gap-1">
      <dt className="text-ink-faint">{name}</dt>
      <dd className="text-ink-soft tabular-nums">
        {at === undefined ? (
          children
        ) : (
          <time dateTime={at} title={exactTime(at)}>
            {children}
          </time>
        )}
      </dd>
    </div>
  );
}
