import { AdapterError } from '../adapter.js';
import { redactWords } from './redact.js';
import { type ProgramEnd, ProgramRefused } from './run-program.js';

/** A program that ended without an answer, in a sentence that says what happened and what can be done. */
export function explainEnd(name: string, end: ProgramEnd, variables: Readonly<Record<string, string>>): AdapterError {
  const said = redactWords(end.lastWords.join('\n'), variables);
  const hint = said === '' ? '' : ` It last said: ${said}`;
  const fail = (what: string): AdapterError =>
    new AdapterError('internal', `${name} ${what}.${hint}`, { retryable: true });
  switch (end.stoppedBecause) {
    case 'silent':
      return fail('gave no sign of life for too long and was stopped. Send the message again');
    case 'flooding':
      return fail('wrote a line without an end and was stopped. Send the message again');
    case null: {
      const how = end.signal === null ? `with code ${end.code}` : `by signal ${end.signal}`;
      return fail(`ended ${how} before it had answered. Send the message again`);
    }
  }
}

export function explainRefusal(name: string, error: unknown): unknown {
  if (!(error instanceof ProgramRefused)) return error;
  const message = `${name} could not be started (${error.message}). Restart the agent: its program is installed again if it is gone.`;
  return new AdapterError('model_misconfigured', message, { retryable: false, cause: error });
}

/** A refusal of the model behind a program, by the HTTP status it passed on. */
export function explainModelError(
  name: string,
  keyVariable: string,
  status: number | null,
  message: string,
  variables: Readonly<Record<string, string>>,
): AdapterError {
  const detail = redactWords(message, variables);
  const raise = (code: AdapterError['code'], text: string, retryable: boolean): AdapterError =>
    new AdapterError(code, text, { retryable });
  if (status === 401 || status === 403) {
    return raise(
      'model_misconfigured',
      `The key in ${keyVariable} was refused. Check that it is complete and still active, then save it again. (${detail})`,
      false,
    );
  }
  if (status === 404) {
    const text = `The model of this agent was not found. Pick another model for this workspace. (${detail})`;
    return raise('model_misconfigured', text, false);
  }
  if (status === null || status === 429 || status >= 500) {
    return raise('model_unavailable', `${name} could not reach its model: ${detail}. Try again in a minute.`, true);
  }
  return raise('model_refused', `The model of ${name} refused the request: ${detail}`, false);
}
