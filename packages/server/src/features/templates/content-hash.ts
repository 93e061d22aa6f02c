import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import type { StoredTemplate } from './catalogue.js';
import type { FolderContent } from './template-folder.js';

/** One value for the paths and contents of a template, whatever the times and order of its files. */
export function hashContent(files: FolderContent): string {
  const hash = createHash('sha256');
  for (const { path, content } of [...files].sort((a, b) => (a.path < b.path ? -1 : 1))) {
    hash.update(`${path}\0${content.length}\0`).update(content);
  }
  return hash.digest('hex');
}

/** The same of a template as it lies there. Read once per state of the folder; null when it cannot be read just now. */
export function createContentHashes(): (template: StoredTemplate) => string | null {
  const hashes = new WeakMap<StoredTemplate, string>();
  return (template) => {
    const known = hashes.get(template);
    if (known !== undefined) return known;
    try {
      const hash = hashContent(template.files.map(({ path, realPath }) => ({ path, content: readFileSync(realPath) })));
      hashes.set(template, hash);
      return hash;
    } catch (error) {
      if (error instanceof Error && 'code' in error) return null;
      throw error;
    }
  };
}
