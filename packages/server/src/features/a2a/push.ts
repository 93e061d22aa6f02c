import { StreamResponse, type TaskPushNotificationConfig } from '@a2a-js/sdk';
import { V03PushNotificationSerializer } from '@a2a-js/sdk/compat/v0_3/server';
import { RequestMalformedError, TaskNotFoundError } from '@a2a-js/sdk/errors';
import type { AgentConnections } from '../../proxy/agent-connections.js';
import type { UrlGuard } from '../../proxy/url-guard.js';
import type { TaskRecord, Tasks } from '../messages/index.js';
import { type Cipher, SecretUnreadableError } from '../secrets/index.js';
import {
  claimConfig,
  deleteConfig,
  listConfigs,
  type PushConfigRow,
  putConfig,
  settleConfig,
} from './push-configs.store.js';
import type { DuePush } from './push-configs.views.js';
import { openPush, type PushSecrets, sealPush } from './push-secrets.js';
import type { SigningKey } from './signing-key.js';
import { isTerminal, stateOfTask, toTask } from './task-codec.js';
import type { EndpointPorts, Visit } from './visit.js';

export interface PushDeps extends EndpointPorts {
  readonly tasks: Tasks;
  readonly cipher: Cipher;
  readonly urlGuard: UrlGuard;
  readonly connections: AgentConnections;
  readonly signingKey: SigningKey;
  readonly onConfigured: () => void;
}

/** Notifications about tasks to addresses that clients name. */
export interface Push {
  create(
    visit: Visit,
    task: TaskRecord,
    given: TaskPushNotificationConfig,
    version: string,
  ): Promise<TaskPushNotificationConfig>;
  list(task: TaskRecord): Promise<readonly TaskPushNotificationConfig[]>;
  /** May be repeated. */
  remove(task: TaskRecord, id: string): Promise<void>;
  /** Tells each what it is to be told, or says on the configuration why not. */
  deliver(due: readonly DuePush[]): Promise<void>;
}

const CONFIGS_MAX = 16;
const ID = /^[\w.:-]{1,128}$/;
const SECRET_CHARACTERS_MAX = 4_096;
const CLAIM_SECONDS = 60;
const TIMEOUT_MS = 10_000;
const ATTEMPTS_MAX = 8;
const RETRY_MAX_SECONDS = 300;

export function createPush(deps: PushDeps): Push {
  const { lanes, cipher, urlGuard } = deps;

  async function tell({ taskId, id, now }: DuePush): Promise<void> {
    const key = { task_id: taskId, id };
    const row = await claimConfig(lanes.work, key, CLAIM_SECONDS);
    if (row === null) return;
    const task = await deps.tasks.find({ targetId: row.target_id, caller: 'anybody' }, taskId);
    if (task === null) return;
    const shown = toTask(task, { artifacts: true });
    const done = isTerminal(stateOfTask(shown));
    const error = await send(row, { payload: { $case: 'task', value: shown } });
    if (error === null) return settleConfig(lanes.work, key, { told: now, done, error: null });
    deps.logger.info({ task: taskId, config: id, attempt: row.attempts, error }, 'a push notification was not taken');
    if (row.attempts >= ATTEMPTS_MAX) return settleConfig(lanes.work, key, { told: now, done, error });
    const retryInSeconds = Math.min(2 ** (row.attempts - 1), RETRY_MAX_SECONDS);
    return settleConfig(lanes.work, key, { retryInSeconds, error });
  }

  /** Null when the receiver took it, else why not. */
  async function send(row: PushConfigRow, event: StreamResponse): Promise<string | null> {
    // Judged again: what the name resolves to may have changed since.
    const verdict = await urlGuard.vetDispatch(row.url);
    if (!verdict.ok) return `the address may not be called: ${verdict.reason}`;
    const legacy = row.version.startsWith('0');
    const body = legacy
      ? new V03PushNotificationSerializer().serialize(event).body
      : JSON.stringify(StreamResponse.toJSON(event));
    try {
      const secrets = openPush(cipher, row);
      const signature = await deps.signingKey.sign({
        issuer: row.origin,
        audience: row.url,
        taskId: row.task_id,
        body,
        id: deps.random.uuid(),
        at: deps.clock.now(),
      });
      const { url, address } = verdict;
      const response = await deps.connections.poolFor(url.origin, address).request({
        method: 'POST',
        path: `${url.pathname}${url.search}`,
        headers: {
          'content-type': legacy ? 'application/json' : 'application/a2a+json',
          ...(legacy ? {} : { 'a2a-version': '1.0' }),
          ...proofs(secrets, signature),
        },
        body,
        headersTimeout: TIMEOUT_MS,
        bodyTimeout: TIMEOUT_MS,
      });
      await response.body.dump();
      return response.statusCode < 300 ? null : `it answered HTTP ${response.statusCode}`;
    } catch (error) {
      if (error instanceof SecretUnreadableError) return `its credentials cannot be read: ${error.message}`;
      return error instanceof Error ? error.message : String(error);
    }
  }

  return {
    async create({ origin, target }, task, given, version) {
      const id = given.id === '' ? deps.random.uuid() : given.id;
      if (!ID.test(id)) throw new RequestMalformedError('The id may have 128 letters, digits and . : _ - at most.');
      if (JSON.stringify([given.token, given.authentication]).length > SECRET_CHARACTERS_MAX) {
        throw new RequestMalformedError(`Token and credentials may have ${SECRET_CHARACTERS_MAX} characters at most.`);
      }
      const verdict = await urlGuard.vetDispatch(given.url);
      if (!verdict.ok) throw new RequestMalformedError(`The url cannot be used: ${verdict.reason}.`);
      const known = await listConfigs(lanes.control, task.id, CONFIGS_MAX);
      if (known.length >= CONFIGS_MAX && !known.some((row) => row.id === id)) {
        throw new RequestMalformedError(`A task has ${CONFIGS_MAX} push notification configurations at most.`);
      }
      const place = { task_id: task.id, id, target_id: target.id };
      const sealed = sealPush(cipher, place, given);
      await putConfig(lanes.control, { ...place, ...sealed, url: given.url, version, origin });
      deps.onConfigured();
      return { ...given, tenant: '', id, taskId: task.id };
    },

    async list(task) {
      const rows = await listConfigs(lanes.control, task.id, CONFIGS_MAX);
      return rows.map((row) => ({
        tenant: '',
        id: row.id,
        taskId: row.task_id,
        url: row.url,
        ...openPush(cipher, row),
      }));
    },

    remove: (task, id) => deleteConfig(lanes.control, { task_id: task.id, id }),

    async deliver(due) {
      await Promise.all(due.map(tell));
    },
  };
}

/** Nobody may read one back by another's id. */
export function refuseUnknownConfig(id: string): never {
  throw new TaskNotFoundError(`Push notification configuration not found: ${id}`);
}

/** The receiver's own proofs, and ours; ours takes the place of credentials where the receiver named none. */
function proofs({ token, authentication }: PushSecrets, signature: string): Record<string, string> {
  return {
    ...(token === '' ? {} : { 'x-a2a-notification-token': token }),
    'x-a2a-notification-signature': signature,
    authorization: authentication
      ? `${authentication.scheme} ${authentication.credentials}`.trim()
      : `Bearer ${signature}`,
  };
}
