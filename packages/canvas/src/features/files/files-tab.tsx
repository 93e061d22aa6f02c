import type { FileRoot, Workspace } from '@molecule/contract';
import { useState } from 'react';
import { useSearchParams } from 'react-router';
import { FilePage } from './file-page.js';
import { FileTree } from './file-tree.js';
import { isRoot, WRITABLE } from './queries.js';

/** The folders of an agent, or one of their files; which of them is in the address. */
export function FilesTab({ agent }: { agent: Workspace }) {
  const [params, setParams] = useSearchParams();
  const named = params.get('root');
  const root = isRoot(named) ? named : WRITABLE;
  const path = params.get('file');
  // Kept here, so that the tree is as it was when somebody comes back from a file.
  const [unfolded, setUnfolded] = useState<ReadonlySet<string>>(new Set());
  const show = (nextRoot: FileRoot, file: string | null) =>
    setParams((old) => {
      const query = new URLSearchParams(old);
      query.delete('file');
      query.set('root', nextRoot);
      if (file !== null) query.set('file', file);
      return query;
    });
  if (path !== null) {
    return <FilePage key={`${root}/${path}`} agent={agent} root={root} path={path} onClose={() => show(root, null)} />;
  }
  return (
    <FileTree
      agent={agent}
      root={root}
      unfolded={unfolded}
      onUnfold={(key, open) => {
        const next = new Set(unfolded);
        if (open) next.add(key);
        else next.delete(key);
        setUnfolded(next);
      }}
      onRoot={(next) => show(next, null)}
      onOpen={(file) => show(root, file)}
    />
  );
}
