import type { AdapterEvent } from '../adapter.js';

const DETAIL_CHARS_MAX = 200;

/** What a program has said and done in one turn, in the port's events. */
export interface Transcript {
  text(): string;
  /** Begins a new piece of text: what follows stands apart from what was said before. */
  paragraph(): void;
  say(text: string): readonly AdapterEvent[];
  open(id: string, name: string, detail: unknown): readonly AdapterEvent[];
  close(id: string, failed: boolean, detail?: string): readonly AdapterEvent[];
  /** Calls that a turn leaves open when it ends. */
  closeAll(): readonly AdapterEvent[];
  hasOpenCalls(): boolean;
}

export function createTranscript(): Transcript {
  let text = '';
  let isGapDue = false;
  const open = new Map<string, { readonly name: string; readonly detail: string }>();

  const close = (id: string, failed: boolean, detail?: string): readonly AdapterEvent[] => {
    const call = open.get(id);
    if (call === undefined) return [];
    open.delete(id);
    return [
      { type: 'tool', id, name: call.name, phase: failed ? 'failed' : 'finished', detail: cut(detail ?? call.detail) },
    ];
  };

  return {
    text: () => text,
    paragraph() {
      isGapDue = text !== '';
    },
    say(piece) {
      if (piece === '') return [];
      const said = isGapDue ? `\n\n${piece}` : piece;
      isGapDue = false;
      text += said;
      return [{ type: 'text_delta', text: said }];
    },
    open(id, name, detail) {
      if (open.has(id)) return [];
      const shown = cut(typeof detail === 'string' ? detail : JSON.stringify(detail ?? {}));
      open.set(id, { name, detail: shown });
      return [{ type: 'tool', id, name, phase: 'started', detail: shown }];
    },
    close,
    closeAll: () => [...open.keys()].flatMap((id) => close(id, true)),
    hasOpenCalls: () => open.size > 0,
  };
}

function cut(text: string): string {
  return text.length <= DETAIL_CHARS_MAX ? text : `${text.slice(0, DETAIL_CHARS_MAX - 1)}…`;
}
