export { type Clock, systemClock } from '../clock.js';
export { reasonOf } from '../log.js';
export { createPlatformClient } from '../platform/platform-client.js';
export { type Random, systemRandom } from '../random.js';
export { createCursorFile } from './cursor.js';
export { type DriveEnd, type DriveEvent, drive } from './drive.js';
export { type CommandSpec, runCommand, wayOf } from './run-command.js';
export { openWorkBook } from './work-book.js';
