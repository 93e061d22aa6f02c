import { refuse } from '../../platform/http/app-error.js';
import { PUBLIC_KEYS } from './chosen-model.js';

/** What a model or a provider may be called, as at the creation of a workspace (contract lifecycle §1.1). */
const CHOICE_BYTES_MAX = 100;

/** Addresses the shipped runtimes read; one that is none would leave every agent without its model. */
const ADDRESSES: ReadonlySet<string> = new Set(['ANTHROPIC_BASE_URL', 'OPENAI_BASE_URL']);

/** Refuses a value that no environment can carry, or that cannot be what its name says. Never tells the value. */
export function checkValue(name: string, value: string): void {
  const reason = whyValueRefused(name, value);
  if (reason !== null) refuse('invalid_request_body', { help: reason });
}

export function whyValueRefused(name: string, value: string): string | null {
  if (value.includes('\0')) return `The value of ${name} contains a NUL character; no environment variable can.`;
  if (ADDRESSES.has(name) && !isHttpAddress(value.trim())) {
    return `${name} must be an address that begins with http:// or https://, for example http://127.0.0.1:11434/v1.`;
  }
  if (
    PUBLIC_KEYS.has(name) &&
    (/[\r\n]/.test(value) || value.trim() === '' || Buffer.byteLength(value) > CHOICE_BYTES_MAX)
  ) {
    return `${name} must be one line of at most ${CHOICE_BYTES_MAX} bytes that is not blank.`;
  }
  return null;
}

function isHttpAddress(text: string): boolean {
  return /^https?:\/\//i.test(text) && URL.canParse(text);
}
