import { RUNTIME_EXIT } from '@molecule/contract/runtime-exit';

/** The runtime cannot start as configured. `message` is one sentence that names the cause and the remedy. */
export class StartupError extends Error {
  override readonly name = 'StartupError';
  readonly exitCode = RUNTIME_EXIT.misconfigured;
}
