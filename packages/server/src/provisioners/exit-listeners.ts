import type { InstanceExit } from './provisioner.js';

/** The subscription side of `onExit`, the same for every driver. */
export interface ExitListeners {
  add(listener: (exit: InstanceExit) => void): () => void;
  emit(exit: InstanceExit): void;
}

export function createExitListeners(): ExitListeners {
  const listeners = new Set<(exit: InstanceExit) => void>();
  return {
    add(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    emit(exit) {
      for (const listener of [...listeners]) listener(exit);
    },
  };
}
