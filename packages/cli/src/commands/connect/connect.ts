import { join } from 'node:path';
import {
  type CommandSpec,
  createCursorFile,
  createPlatformClient,
  type DriveEnd,
  type DriveEvent,
  drive,
  openWorkBook,
  reasonOf,
  runCommand,
  systemClock,
  systemRandom,
  wayOf,
} from '@molecule/runtime/outside';
import { type Command, type Context, type Outcome, RefusedError, readCount } from '../../command.js';
import { PROGRAM, readCommandEnvironment } from '../../config.js';
import { type Seat, takeSeat } from './seat.js';

const TIMEOUT_SECONDS_MAX = 86_400;
const SHOWN_CHARACTERS = 100;

export const connect: Command = {
  path: ['connect'],
  args: [{ name: 'workspace', required: false }],
  flags: {
    name: { kind: 'text', describe: 'make a workspace with this name; the same line later finds it again' },
    parent: { kind: 'text', describe: 'with --name: the workspace above the new one' },
    id: { kind: 'text', describe: 'id of the workspace, with --token' },
    token: { kind: 'text', describe: 'token of the workspace' },
    'new-token': { kind: 'boolean', describe: 'replace the token of a named workspace; the old one stops working' },
    'prompt-as-argument': { kind: 'boolean', describe: 'hand the message over as the last argument, not as input' },
    timeout: { kind: 'text', describe: 'seconds the command may take for one message (default: no limit)' },
  },
  rest: { name: 'command' },
  summary:
    'Let any local command work as an agent: it gets each message as its input, and what it prints is the answer',
  async run(context) {
    const [program = '', ...args] = context.rest;
    const { timeout } = context.flags;
    const spec: CommandSpec = {
      program,
      args,
      env: readCommandEnvironment(),
      promptAs: context.flags['prompt-as-argument'] === true ? 'argument' : 'input',
      timeoutMs: timeout === undefined ? null : readCount('timeout', timeout, 1, TIMEOUT_SECONDS_MAX) * 1_000,
    };
    const seat = await takeSeat(context);
    try {
      return report(seat, await work(context, seat, spec));
    } finally {
      await seat.leave();
    }
  },
};

async function work(context: Context, seat: Seat, spec: CommandSpec): Promise<DriveEnd> {
  const book = await openWorkBook(join(seat.folder, 'messages.jsonl'));
  try {
    return await drive(
      {
        client: createPlatformClient({
          baseUrl: seat.platformUrl,
          workspaceId: seat.id,
          token: seat.token,
          headers: { origin: seat.platformUrl },
          // Whoever meets it asks the platform what it means.
          onUnauthorized: () => {},
        }),
        clock: systemClock,
        random: systemRandom,
        workspaceId: seat.id,
        platformUrl: seat.platformUrl,
        card: { name: seat.name, description: `Runs ${spec.program}`, skills: [] },
        cursor: createCursorFile(join(seat.folder, 'cursor'), (error) => context.note(reasonOf(error))),
        book,
        work(message, signal) {
          if (wayOf(spec, message.text) !== spec.promptAs) {
            context.note(
              'The message begins with "-" and would be read as an option, so it is given as input. A command that ends with -- gets it as its argument.',
            );
          }
          return runCommand(spec, message.text, systemClock, signal);
        },
        tell: createTeller(context, seat),
      },
      context.signal,
    );
  } finally {
    await book.close();
  }
}

/** One line per message and per change of weather, however long the weather lasts. */
function createTeller(context: Context, seat: Seat): (event: DriveEvent) => void {
  let inTrouble = false;
  return (event) => {
    switch (event.kind) {
      case 'online':
        inTrouble = false;
        context.item(`${seat.name} is online and waits for messages. Ctrl-C ends it.`, {
          event: 'online',
          id: seat.id,
        });
        return;
      case 'trouble':
        if (!inTrouble) context.note(`The platform cannot be reached (${event.reason}). Trying again.`);
        inTrouble = true;
        return;
      case 'awake':
        context.note(`This machine slept for ${Math.round(event.sleptMs / 1_000)} s.`);
        return;
      case 'message': {
        const { message } = event;
        const from = message.peer_name ?? (message.peer_id === '' ? 'a person' : message.peer_id);
        context.item(`← ${from}: ${firstLine(message.text)}`, { event: 'message', message });
        return;
      }
      case 'answered': {
        const { answer, message, tookMs } = event;
        const text = 'failure' in answer ? `failed: ${firstLine(answer.failure)}` : firstLine(answer.text);
        context.item(`→ ${text} (${(tookMs / 1_000).toFixed(1)} s)`, {
          event: 'answered',
          activity_id: message.activity_id,
          ...answer,
        });
        return;
      }
      case 'unwanted':
        context.note(`The answer was not taken: ${event.reason}`);
        return;
      default:
        event satisfies never;
    }
  };
}

function report(seat: Seat, end: DriveEnd): Outcome {
  switch (end.kind) {
    case 'stopped':
      return { text: `${seat.name} went offline.` };
    case 'revoked':
      throw new RefusedError(`the token of ${seat.name} (${seat.id}) was revoked`, {
        help: `Whoever may administer it makes a new one: ${PROGRAM} connect ${seat.id} --new-token -- …, or ${PROGRAM} ws connection ${seat.id} --new-token.`,
        fields: { reason: 'token_revoked', id: seat.id },
      });
    case 'removed':
      throw new RefusedError(`the workspace ${seat.name} (${seat.id}) was removed`, {
        ...(end.hint === null ? {} : { help: end.hint }),
        fields: { reason: 'workspace_removed', id: seat.id },
      });
    default:
      return end satisfies never;
  }
}

function firstLine(text: string): string {
  const [line = ''] = text.trim().split('\n');
  return line.length > SHOWN_CHARACTERS ? `${line.slice(0, SHOWN_CHARACTERS)}…` : line;
}
