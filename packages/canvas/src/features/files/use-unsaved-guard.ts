import { useEffect } from 'react';
import { useFileDrafts } from '../../app/services-context.js';

/** While a file has unsaved changes the browser asks before the page goes; within the page nothing is lost. */
export function useUnsavedGuard(): void {
  const unsaved = useFileDrafts((drafts) => drafts.size > 0);
  useEffect(() => {
    if (!unsaved) return;
    const ask = (event: BeforeUnloadEvent) => event.preventDefault();
    window.addEventListener('beforeunload', ask);
    return () => window.removeEventListener('beforeunload', ask);
  }, [unsaved]);
}
