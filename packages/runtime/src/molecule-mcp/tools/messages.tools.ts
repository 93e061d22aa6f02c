import { sendAnswer } from '../../outside/answer.js';
import { describe, fail, pickSource, say, sayJson, type Tool, text, workspaceOf } from './tool.js';

const WAIT_DEFAULT_SECONDS = 60;
const WAIT_MAX_SECONDS = 300;
const PEEK_DEFAULT = 10;
const NO_INBOX =
  'Error: inbox polling is not enabled in this runtime. Messages for this workspace are not delivered to these tools.';

export const sendMessageToUser: Tool = {
  name: 'send_message_to_user',
  description: 'Write to the person who watches this workspace. They see it at once, and later.',
  properties: {
    message: { type: 'string', description: 'what they read' },
    attachments: { type: 'array', items: { type: 'string' }, description: 'not available on this platform yet' },
    workspace_id: { type: 'string', description: 'which of your workspaces says it, when you have several' },
  },
  required: ['message'],
  async run({ args, signal }, environment) {
    const message = text(args, 'message');
    if (message === '') return fail('Error: message is required');
    const files = Array.isArray(args.attachments) ? args.attachments.filter((one) => typeof one === 'string') : [];
    // Nothing is sent: half of a message would look like the whole.
    if (files.length > 0) {
      return fail(
        'Error: attachments cannot be sent: this platform takes no files from agents yet. Put the content into the message.',
      );
    }
    const source = pickSource(environment, text(args, 'workspace_id'), null);
    const reply = await source.client.attempt((api) =>
      api.call('notify', { params: { id: source.id }, body: { message } }, { signal }),
    );
    if (reply.kind === 'ok') return say('Message sent to user');
    return fail(
      reply.kind === 'refused'
        ? `Error: platform returned ${reply.status}: ${reply.reason}`
        : `Error: ${describe(reply)}`,
    );
  },
};

export const replyToMessage: Tool = {
  name: 'reply_to_message',
  description:
    'Answer one message of your inbox where it was asked: it ends a task for whoever waits, and shows an answer under the question of a person. Sending it twice changes nothing.',
  properties: {
    activity_id: { type: 'string', description: 'activity_id of the message' },
    message: { type: 'string', description: 'the answer, or why there is none' },
    failed: { type: 'boolean', description: 'true when it could not be done' },
  },
  required: ['activity_id', 'message'],
  async run({ args, signal }, environment) {
    const activityId = text(args, 'activity_id');
    const message = text(args, 'message');
    if (activityId === '' || message === '') return fail('Error: activity_id and message are required');
    const asked = environment.inbox?.find(activityId) ?? null;
    if (asked === null) return fail(`Error: there is no message ${activityId} in this inbox`);
    if (asked.kind === 'delegation_result')
      return fail('Error: this is the outcome of a task you gave; nobody waits for a reply');
    const source = workspaceOf(environment, asked);
    const answer = args.failed === true ? { failure: message } : { text: message };
    const reply = await sendAnswer(source.client, source.id, asked, answer, signal);
    return reply.kind === 'ok' ? say('Reply sent') : fail(`Error: ${describe(reply)}`);
  },
};

export const waitForMessage: Tool = {
  name: 'wait_for_message',
  description: 'The oldest message of your inbox, as soon as there is one. It stays there until inbox_pop.',
  properties: {
    timeout_secs: {
      type: 'number',
      description: `how long to wait (default ${WAIT_DEFAULT_SECONDS}, at most ${WAIT_MAX_SECONDS})`,
    },
  },
  async run({ args, signal }, { inbox }) {
    if (inbox === null) return fail(NO_INBOX);
    const asked = typeof args.timeout_secs === 'number' ? args.timeout_secs : WAIT_DEFAULT_SECONDS;
    const seconds = Number.isFinite(asked) ? Math.min(Math.max(asked, 0), WAIT_MAX_SECONDS) : WAIT_DEFAULT_SECONDS;
    const head = await inbox.waitForHead(seconds * 1_000, signal);
    return sayJson(head ?? { timeout: true, timeout_secs: seconds });
  },
};

export const inboxPeek: Tool = {
  name: 'inbox_peek',
  description: 'The messages of your inbox, oldest first. They stay there.',
  properties: { limit: { type: 'integer', description: `how many (default ${PEEK_DEFAULT})` } },
  async run({ args }, { inbox }) {
    if (inbox === null) return fail(NO_INBOX);
    const limit = typeof args.limit === 'number' && args.limit > 0 ? Math.floor(args.limit) : PEEK_DEFAULT;
    return sayJson(inbox.peek(limit));
  },
};

export const inboxPop: Tool = {
  name: 'inbox_pop',
  description: 'Acknowledge a message after you have replied: it leaves your inbox.',
  properties: { activity_id: { type: 'string', description: 'activity_id of the message' } },
  required: ['activity_id'],
  async run({ args }, { inbox }) {
    if (inbox === null) return fail(NO_INBOX);
    const activityId = text(args, 'activity_id');
    if (activityId === '') return fail('Error: activity_id is required.');
    return sayJson({ removed: inbox.remove(activityId), activity_id: activityId });
  },
};
