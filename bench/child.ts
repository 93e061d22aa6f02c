import { type ChildProcess, fork } from 'node:child_process';
import { fileURLToPath } from 'node:url';

/** A program, by its path from this folder, in a process of its own, so that measuring and being measured do not share an event loop. */
export interface Child {
  /** Sends a request and resolves with its answer. One at a time. */
  ask<T>(request: unknown): Promise<T>;
  /** Resolves with the next message it sends by itself. */
  next<T>(): Promise<T>;
  end(): Promise<void>;
}

export function startChild(file: string): Child {
  const child: ChildProcess = fork(fileURLToPath(new URL(file, import.meta.url)));
  const next = <T>(): Promise<T> =>
    new Promise((resolve, reject) => {
      const onExit = (code: number | null) => reject(new Error(`${file} ended with ${String(code)}`));
      child.once('exit', onExit);
      child.once('message', (message) => {
        child.off('exit', onExit);
        // What each of our own programs answers is declared beside it.
        resolve(message as T);
      });
    });
  return {
    next,
    ask(request) {
      // Node's types want a Serializable; our requests are plain data.
      child.send(request as object);
      return next();
    },
    end() {
      return new Promise((resolve) => {
        if (child.exitCode !== null || child.signalCode !== null) return resolve();
        child.once('exit', () => resolve());
        child.kill();
      });
    },
  };
}

/** Serves requests of the parent in a child. */
export function answerParent<Q, A>(handle: (request: Q) => Promise<A>): void {
  process.on('message', (request) => {
    handle(request as Q).then(
      (answer) => process.send?.(answer),
      (error: unknown) => {
        console.error(error);
        process.exit(1);
      },
    );
  });
}
