import type { Failure } from './transition.js';

/** A start that cannot succeed until a person changes something. */
export class StartRefusal extends Error {
  override readonly name = 'StartRefusal';
  readonly failure: Failure;

  constructor(failure: Failure) {
    super(failure.text);
    this.failure = failure;
  }
}
