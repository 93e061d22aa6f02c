import { AppError } from './app-error.js';

const texts = new WeakMap<object, string>();

/**
 * Runs one step of a request. When it fails unexpectedly, the answer says `text`: for steps for which the contract fixes
 * one of their own beside the `failedText` of the route. The error itself passes unchanged, so that whoever tells lost
 * connections and collisions from defects still can.
 */
export async function failingWith<T>(text: string, step: () => T | Promise<T>): Promise<T> {
  try {
    return await step();
  } catch (error) {
    if (error instanceof Error && !(error instanceof AppError) && !texts.has(error)) texts.set(error, text);
    throw error;
  }
}

/** The text of the step in which this error arose. */
export function failedStepText(error: unknown): string | undefined {
  return error instanceof Error ? texts.get(error) : undefined;
}
