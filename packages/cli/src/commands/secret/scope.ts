import type { Workspace } from '@molecule/contract';
import type { Client } from '@molecule/contract/client';
import type { Context, Flag } from '../../command.js';
import { findWorkspace } from '../../find-workspace.js';

export const wsFlag: Flag = { kind: 'text', describe: 'of this workspace alone, instead of for all agents' };

/** The workspace that `--ws` names; null when the secrets of all agents are meant. */
export async function findScope(client: Client, flags: Context['flags']): Promise<Workspace | null> {
  return typeof flags.ws === 'string' ? findWorkspace(client, flags.ws) : null;
}
