/** As deep as a tree of workspaces may be. */
export const LEVELS_MAX = 32;
export const WORKSPACES_MAX = 1_000;
/** Of one workspace. */
export const FILES_MAX = 500;
export const FILE_BYTES_MAX = 1024 * 1024;
export const WORKSPACE_BYTES_MAX = 8 * 1024 * 1024;
export const SYSTEM_PROMPT_FILE = 'system-prompt.md';
