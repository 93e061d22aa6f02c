import { PROGRAM_VARIABLE } from '@molecule/contract/runtime-files';
import type { InstanceSpec } from '../provisioner.js';
import { INSTANCE_ID_VARIABLE, PLATFORM_URL_VARIABLE, RUN_DIR_VARIABLE } from './process-table.js';
import type { WorkspaceFolder } from './workspace-folder.js';

/** The only two things an agent inherits from the server's surroundings, passed in by the composition root. */
export interface BaseEnvironment {
  readonly path: string;
  readonly lang: string;
}

/**
 * The whole environment of an agent (design §6). Built from nothing: what the server itself was started with (its admin
 * token, keys and database URL) can not leak because it is never read here. The token is in none of it.
 */
export function toEnvironment(
  spec: InstanceSpec,
  folder: WorkspaceFolder,
  instanceId: string,
  base: BaseEnvironment,
  program: string | null,
): Record<string, string> {
  return {
    // The owner may choose these two; everything below the owner's names may not be overridden.
    PATH: base.path,
    LANG: base.lang,
    ...spec.env,
    WORKSPACE_ID: spec.workspaceId,
    [PLATFORM_URL_VARIABLE]: spec.platformUrl,
    WORKSPACE_CONFIG_PATH: folder.configs,
    CONFIGS_DIR: folder.configs,
    HOME: folder.home,
    TMPDIR: folder.tmp,
    [INSTANCE_ID_VARIABLE]: instanceId,
    [RUN_DIR_VARIABLE]: folder.run,
    ...(program === null ? {} : { [PROGRAM_VARIABLE]: program }),
  };
}
