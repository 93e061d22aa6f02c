import { AppError } from '../../platform/http/app-error.js';

type Card = Readonly<Record<string, unknown>>;

const CARD_BYTES_MAX = 16 * 1024;
/** An event may have 8 KiB (design §4.4); the rest is for the address, which has a limit of its own in `url-guard.ts`. */
const EVENT_CARD_BYTES_MAX = 6 * 1024;

/** Throws `agent_card_too_large` (design §13). */
export function checkCardSize(card: Card): void {
  if (byteLength(card) > CARD_BYTES_MAX) throw new AppError('agent_card_too_large');
}

/** The card as events carry it: a large one is left out, and whoever shows it reads it from the workspace. */
export function toEventCard(card: Card): { agent_card?: Card } {
  return byteLength(card) > EVENT_CARD_BYTES_MAX ? {} : { agent_card: card };
}

function byteLength(card: Card): number {
  return Buffer.byteLength(JSON.stringify(card));
}
