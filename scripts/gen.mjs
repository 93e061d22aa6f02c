// npm run gen: writes the pages that are made from code. With --check it only compares, and fails on a difference.
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const check = process.argv.includes('--check');

const { configurationPage } = await import('../packages/server/dist/config.js');
const { messagingPage } = await import('../packages/server/dist/features/messages/messaging-page.js');
const { lifecyclePage } = await import('../packages/server/dist/features/workspaces/lifecycle-page.js');

const pages = {
  'docs/configuration.md': configurationPage(),
  'docs/spec/messaging.md': messagingPage(),
  'docs/spec/workspace-lifecycle.md': lifecyclePage(),
};

const stale = [];
for (const [path, text] of Object.entries(pages)) {
  const file = join(root, path);
  const current = await readFile(file, 'utf8').catch(() => null);
  if (current === text) continue;
  stale.push(path);
  if (check) continue;
  await mkdir(dirname(file), { recursive: true });
  await writeFile(file, text);
  console.log(`wrote ${path}`);
}
if (check && stale.length > 0) {
  console.error(`out of date: ${stale.join(', ')} — run "npm run gen"`);
  process.exit(1);
}
