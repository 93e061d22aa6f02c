import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** The root of the repository. */
export const ROOT = dirname(dirname(dirname(fileURLToPath(import.meta.url))));

/** What scripts remember between runs; never committed. */
export const STATE_DIR = join(ROOT, '.build');
