import { createDarwinProcessTable } from './process-table.darwin.js';
import type { ProcessTable } from './process-table.js';
import { createLinuxProcessTable } from './process-table.linux.js';

/** The table of the system we run on. Throws on others: without it a process could neither be adopted nor ended safely. */
export function createHostProcessTable(platform: NodeJS.Platform = process.platform): ProcessTable {
  if (platform === 'linux') return createLinuxProcessTable();
  if (platform === 'darwin') return createDarwinProcessTable();
  throw new Error(`Agents cannot run as local processes on ${platform}: only Linux and macOS are supported.`);
}
