import { expect, it } from 'vitest';
import type { TaskRecord, TaskTurn } from '../messages/index.js';
import { follow } from './follow.js';

const chunk = (text: string, append: boolean) =>
  JSON.stringify({
    jsonrpc: '2.0',
    result: { kind: 'artifact-update', append, artifact: { artifactId: 'out', parts: [{ kind: 'text', text }] } },
  });

function toRecord(state: 'working' | 'completed'): TaskRecord {
  const artifacts = [{ artifactId: 'out', parts: [{ kind: 'text', text: 'one two' }] }];
  const task = { kind: 'task', id: 'a', contextId: 'a', status: { state: 'completed' }, artifacts };
  const turn: TaskTurn = {
    id: 't',
    kind: 'chat',
    callerId: null,
    messageId: 'm',
    method: 'message/stream',
    body: {},
    state,
    reason: null,
    errorDetail: null,
    result: state === 'completed' ? { jsonrpc: '2.0', id: 1, result: task } : null,
    resultPreview: null,
    contextId: 'c',
    updatedAt: new Date(0),
  };
  return { id: 't', turns: [turn] };
}

it('loses nothing that is streamed while the end of the task is being read', async () => {
  let heard: string[] = [];
  let reads = 0;
  const tasks = {
    async find() {
      reads += 1;
      // The last words come, and the row ends, during the second read.
      if (reads === 2) heard.push(chunk('two', true));
      return toRecord(reads === 1 ? 'working' : 'completed');
    },
    watch: () => ({
      async next() {
        heard.push(chunk('one ', false));
      },
      isOver: () => false,
      takeEvents() {
        const taken = heard;
        heard = [];
        return taken;
      },
      takeArtifacts: () => [],
      done: () => {},
    }),
  };
  const visit = { scope: { targetId: 'w', caller: 'anybody' }, clientGone: new AbortController().signal } as const;
  const told: string[] = [];
  for await (const { payload } of follow(tasks, visit, toRecord('working'))) {
    const [part] = payload?.$case === 'artifactUpdate' ? (payload.value.artifact?.parts ?? []) : [];
    if (part?.content?.$case === 'text') told.push(part.content.value);
  }
  expect(told).toEqual(['one ', 'two']);
});
