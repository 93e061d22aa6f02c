import { sql } from 'kysely';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { insertWorkspace } from '../../../test/builders.js';
import { useTestDatabase } from '../../../test/database.js';
import { createTestPorts, type TestPorts } from '../../../test/ports.js';
import { createCipher, KeyRotationError } from '../secrets/index.js';
import { createChannels, rotateChannelKey } from './index.js';

const OLD = 'the-old-key-of-exactly-32-bytes!';
const NEW = 'the-new-key-of-exactly-32-bytes!';
const TOKEN = `7:${'t'.repeat(32)}`;

const database = useTestDatabase();
let ports: TestPorts;
let workspaceId: string;

beforeEach(async () => {
  ports = createTestPorts(database.url);
  await sql`delete from workspace_channels`.execute(ports.lanes.control);
  workspaceId = await insertWorkspace(ports.lanes.control);
  const channels = createChannels({ ...ports, key: OLD });
  const telegram = { type: 'telegram', config: { bot_token: TOKEN, chat_id: '1' }, enabled: true, allowedUsers: [] };
  await ports.transact('control', (tx) => channels.recordFromTemplate(tx, [{ workspaceId, channels: [telegram] }]));
});
afterEach(() => ports.close());

async function stored(): Promise<Record<string, string>> {
  const row = await ports.lanes.control
    .selectFrom('workspace_channels')
    .select('channel_config')
    .executeTakeFirstOrThrow();
  return row.channel_config;
}

function open(key: string, sealed: string): string {
  const [, keyId = '', value = ''] = sealed.split(':');
  return createCipher(key, ports.random).open(
    { scope: 'workspace', workspaceId, key: 'channel:telegram:bot_token' },
    { encrypted_value: Buffer.from(value, 'base64'), encryption_version: 2, key_id: keyId },
  );
}

const rotate = (from: string) => ports.transact('work', (tx) => rotateChannelKey(tx, ports.random, { from, to: NEW }));

describe('rotating the key of the secrets', () => {
  it('brings the credentials of channels along, and leaves what is public as it is', async () => {
    const before = await stored();
    await rotate(OLD);
    const after = await stored();
    expect(after.chat_id).toBe('1');
    expect(open(NEW, after.bot_token ?? '')).toBe(TOKEN);
    expect(() => open(OLD, after.bot_token ?? '')).toThrow();
    expect(open(OLD, before.bot_token ?? '')).toBe(TOKEN);
  });

  it('refuses as a whole when one cannot be read', async () => {
    const before = await stored();
    const refusal = await rotate('some-other-key-of-just-32-bytes!').catch((error: unknown) => error);
    expect(refusal).toBeInstanceOf(KeyRotationError);
    expect(String(refusal)).toContain(`the telegram channel of ${workspaceId}`);
    expect(await stored()).toEqual(before);
  });
});
