import type { AdapterEvent, ArtifactPart } from '../adapter.js';

/**
 * Behaviours that the public A2A conformance kit selects by a prefix of the message id. Only reachable with
 * `MOLECULE_CONFORMANCE=1`. The literal texts are what the kit compares with.
 */
interface Behaviour {
  readonly prefix: string;
  readonly events: readonly AdapterEvent[];
  /** The kit reads the task while it runs. */
  readonly holdMs?: number;
}

const done = { type: 'done', text: '', reply: 'task' } as const satisfies AdapterEvent;

function answer(text: string): readonly AdapterEvent[] {
  return [
    { type: 'text_delta', text },
    { type: 'done', text, reply: 'task' },
  ];
}

function artifact(part: ArtifactPart): readonly AdapterEvent[] {
  return [{ type: 'artifact', id: 'output', part, append: false, last: true }, done];
}

const file = { kind: 'file', name: 'output.txt', mediaType: 'text/plain', base64: 'dGNr' } as const;
const fileUrl = {
  kind: 'file_url',
  name: 'output.txt',
  mediaType: 'text/plain',
  url: 'https://example.com/output.txt',
} as const;

// The first match wins, so a prefix stands before every shorter one it begins with.
const BEHAVIOURS: readonly Behaviour[] = [
  { prefix: 'tck-complete-task', events: answer('Hello from TCK') },
  { prefix: 'tck-artifact-text', events: artifact({ kind: 'text', text: 'Generated text content' }) },
  { prefix: 'tck-artifact-file-url', events: artifact(fileUrl) },
  { prefix: 'tck-artifact-file', events: artifact(file) },
  { prefix: 'tck-artifact-data', events: artifact({ kind: 'data', data: { key: 'value', count: 42 } }) },
  { prefix: 'tck-message-response', events: [{ type: 'done', text: 'Direct message response', reply: 'message' }] },
  { prefix: 'tck-input-required', events: [{ type: 'input_required', text: 'Input required' }] },
  { prefix: 'tck-reject-task', events: [{ type: 'rejected', text: 'Task rejected' }] },
  { prefix: 'tck-stream-001', events: answer('Stream hello from TCK') },
  { prefix: 'tck-stream-002', events: [done] },
  { prefix: 'tck-stream-003', events: answer('Stream task lifecycle') },
  { prefix: 'tck-stream-ordering-001', events: answer('Ordered output') },
  { prefix: 'tck-stream-artifact-text', events: artifact({ kind: 'text', text: 'Streamed text content' }) },
  { prefix: 'tck-stream-artifact-file', events: artifact(file) },
  {
    prefix: 'tck-stream-artifact-chunked',
    events: [
      { type: 'artifact', id: 'output', part: { kind: 'text', text: 'chunk-1 ' }, append: false, last: false },
      { type: 'artifact', id: 'output', part: { kind: 'text', text: 'chunk-2' }, append: true, last: true },
      done,
    ],
  },
  { prefix: 'test-resubscribe-message-id', events: answer('Resubscribed'), holdMs: 4_000 },
];

/** Null when the message id asks for nothing special. */
export function findBehaviour(messageId: string): Behaviour | null {
  return BEHAVIOURS.find((behaviour) => messageId.startsWith(behaviour.prefix)) ?? null;
}
