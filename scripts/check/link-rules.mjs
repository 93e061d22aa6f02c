// A link in a document that leads nowhere is found by readers one at a time. Only links into the repository are followed.
import { posix } from 'node:path';

const LINK = /\]\(([^)\s]+)\)/g;
const ELSEWHERE = /^(?:[a-z][a-z0-9+.-]*:|#)/i;

/**
 * @param {readonly import('./files.mjs').SourceFile[]} documents
 * @param {(path: string) => boolean} exists whether the repository has a file or folder of this path
 * @returns {import('./files.mjs').Violation[]}
 */
export function checkLinks(documents, exists) {
  return documents.flatMap(({ path, text }) =>
    text.split('\n').flatMap((line, index) =>
      [...line.matchAll(LINK)].flatMap(([, target = '']) => {
        if (ELSEWHERE.test(target)) return [];
        const file = posix.join(posix.dirname(path), target.replace(/#.*$/, ''));
        if (exists(file)) return [];
        return [{ path, line: index + 1, rule: 'dead-link', message: `${target} leads to no file` }];
      }),
    ),
  );
}
