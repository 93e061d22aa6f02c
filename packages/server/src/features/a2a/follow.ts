import type { Artifact, StreamResponse, Task } from '@a2a-js/sdk';
import { parseJson } from '../../proxy/json.js';
import type { TaskRecord, Tasks } from '../messages/index.js';
import { type Payload, readPayload, type TaskIds } from './dialects.js';
import { idsOf, isInterrupted, isTerminal, latestOf, stateOfTask, toTask } from './task-codec.js';
import type { Visit } from './visit.js';

const WHOLE = { artifacts: true } as const;

/**
 * The life of a task from now on: the task as it is, what its agent streams meanwhile, and its end as the ledger has it.
 * Ends with the task, when its agent asks something, when the client leaves, and when the server stops.
 */
export async function* follow(
  tasks: Pick<Tasks, 'find' | 'watch'>,
  visit: Pick<Visit, 'scope' | 'clientGone'>,
  record: TaskRecord,
): AsyncGenerator<StreamResponse, void> {
  const watch = tasks.watch(latestOf(record).id, null, visit.clientGone);
  try {
    const read = async (): Promise<TaskRecord> => (await tasks.find(visit.scope, record.id)) ?? record;
    const ids = idsOf(record);
    // Read again after the watch began, so that nothing falls between the two.
    const first = toTask(await read(), WHOLE);
    const begun = watch.takeArtifacts().flatMap((artifact) => readArtifact(artifact, ids));
    yield { payload: { $case: 'task', value: { ...first, artifacts: merge(first.artifacts, begun) } } };
    const told = new Set([...first.artifacts, ...begun].map(({ artifactId }) => artifactId));
    let state = stateOfTask(first);
    while (!isTerminal(state) && !isInterrupted(state)) {
      await watch.next();
      if (watch.isOver()) return;
      // Before what was streamed is taken: a row that has ended by now has had all of it heard.
      const now = toTask(await read(), WHOLE);
      for (const update of readUpdates(watch.takeEvents(), ids)) {
        if (update.$case === 'artifactUpdate' && update.value.artifact) told.add(update.value.artifact.artifactId);
        // What the agent has said itself is not said once more.
        if (update.$case === 'statusUpdate') state = update.value.status?.state ?? state;
        yield { payload: update };
      }
      if (stateOfTask(now) === state) continue;
      state = stateOfTask(now);
      for (const artifact of now.artifacts) {
        if (!told.has(artifact.artifactId)) yield toArtifactUpdate(artifact, ids);
      }
      yield toStatusUpdate(now);
    }
  } finally {
    watch.done();
  }
}

/** What the agent streamed, less its own word about the end: that is said when the ledger has it. */
function readUpdates(events: readonly string[], ids: TaskIds): readonly Payload[] {
  return events.flatMap((data): readonly Payload[] => {
    const rpc = parseJson(data);
    const result = typeof rpc === 'object' && rpc !== null && 'result' in rpc ? rpc.result : null;
    const payload = readPayload(result, ids);
    if (payload?.$case === 'artifactUpdate') return [payload];
    if (payload?.$case !== 'statusUpdate' || !payload.value.status) return [];
    const { state } = payload.value.status;
    return isTerminal(state) || isInterrupted(state) ? [] : [payload];
  });
}

function readArtifact(artifact: unknown, ids: TaskIds): readonly Artifact[] {
  const payload = readPayload({ kind: 'artifact-update', artifact }, ids);
  return payload?.$case === 'artifactUpdate' && payload.value.artifact ? [payload.value.artifact] : [];
}

function merge(before: readonly Artifact[], more: readonly Artifact[]): Artifact[] {
  return [...new Map([...before, ...more].map((artifact) => [artifact.artifactId, artifact])).values()];
}

function toArtifactUpdate(artifact: Artifact, ids: TaskIds): StreamResponse {
  const value = { ...ids, artifact, append: false, lastChunk: true, metadata: undefined };
  return { payload: { $case: 'artifactUpdate', value } };
}

function toStatusUpdate({ id, contextId, status, metadata }: Task): StreamResponse {
  return { payload: { $case: 'statusUpdate', value: { taskId: id, contextId, status, metadata } } };
}
