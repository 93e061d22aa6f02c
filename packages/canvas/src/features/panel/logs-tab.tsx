import { readableLogLine } from '@molecule/contract/log-line';
import { useQuery } from '@tanstack/react-query';
import { RotateCcw, ScrollText } from 'lucide-react';
import { useLayoutEffect, useRef } from 'react';
import { useFleet, useServices } from '../../app/services-context.js';
import { Button } from '../../ui/button.js';
import { CopyButton } from '../../ui/copy-button.js';
import { Placeholder, SkeletonRows } from '../../ui/placeholder.js';
import { ReadFailure } from '../../ui/read-failure.js';

/** What the agent's process wrote. Read when opened and on demand: the server does not push log lines. */
export function LogsTab({ id }: { id: string }) {
  const { client } = useServices();
  const tail = useFleet((state) => state.fleet.failures.get(id)?.logTail ?? null);
  const end = useRef<HTMLPreElement>(null);
  const logs = useQuery({
    queryKey: ['logs', id],
    queryFn: async ({ signal }) => (await client.call('getWorkspaceLogs', { params: { id } }, { signal })).body,
    staleTime: 0,
  });
  const lines = logs.data?.available ? logs.data.lines : (tail?.split('\n') ?? []);
  useLayoutEffect(() => {
    if (lines.length > 0 && end.current) end.current.scrollTop = end.current.scrollHeight;
  }, [lines.length]);

  if (logs.isPending) return <SkeletonRows label="Loading the log" />;
  if (logs.isError && tail === null) {
    return (
      <div className="p-4">
        <ReadFailure error={logs.error} onRetry={() => logs.refetch()} />
      </div>
    );
  }
  return (
    <div className="flex h-full flex-col">
      <div className="flex items-center gap-2 border-b border-line px-4 py-1.5">
        <p className="flex-1 text-xs text-ink-faint">
          {lines.length === 1 ? 'The last line' : `The last ${lines.length} lines`}
        </p>
        <CopyButton text={lines.join('\n')} label="Copy the log" />
        <Button size="small" look="quiet" icon={RotateCcw} pending={logs.isFetching} onClick={() => logs.refetch()}>
          Refresh
        </Button>
      </div>
      {lines.length === 0 ? (
        <Placeholder icon={ScrollText} title="Nothing written yet">
          {logs.data?.available === false
            ? 'This agent runs elsewhere or has never been started, so its log is not on this server.'
            : 'The process has not written a line so far.'}
        </Placeholder>
      ) : (
        <pre
          ref={end}
          // biome-ignore lint/a11y/noNoninteractiveTabindex: a scrolling region must be reachable by keyboard
          tabIndex={0}
          role="log"
          aria-label="Log of the agent"
          className="min-h-0 flex-1 overflow-auto bg-sunken px-4 py-3 font-mono text-xs leading-5 whitespace-pre-wrap wrap-anywhere focus-visible:-outline-offset-2"
        >
          {lines.map((line) => readableLogLine(line, timeOfDay)).join('\n')}
        </pre>
      )}
    </div>
  );
}

function timeOfDay(iso: string): string {
  const date = new Date(iso);
  return Number.isNaN(date.getTime()) ? iso : date.toLocaleTimeString();
}
