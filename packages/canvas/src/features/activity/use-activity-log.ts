import { useEffect, useMemo } from 'react';
import { useStore } from 'zustand';
import { useServices } from '../../app/services-context.js';
import {
  type ActivityLog,
  type ActivityLogState,
  type ActivityQuery,
  createActivityLog,
} from '../../sync/activity-log.js';

/** The log that `query` names, read and followed for as long as it is shown; not at all while it is not `wanted`. */
export function useActivityLog(
  query: ActivityQuery,
  wanted = true,
): { readonly log: ActivityLog; readonly state: ActivityLogState } {
  const { client, clock, feed } = useServices();
  const name = JSON.stringify(query);
  const log = useMemo(
    () => createActivityLog({ client, clock, feed }, JSON.parse(name) as ActivityQuery),
    [client, clock, feed, name],
  );
  useEffect(() => (wanted ? log.start() : undefined), [log, wanted]);
  return { log, state: useStore(log.store) };
}
