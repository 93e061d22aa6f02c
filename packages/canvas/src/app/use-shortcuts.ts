import { useEffect, useEffectEvent, useRef } from 'react';
import { type Focus, isPrefix, matchShortcut, type ShortcutName } from './keymap.js';

/** Listens once for the whole page and calls what the key map says. */
export function useShortcuts(run: (name: ShortcutName) => void): void {
  const prefix = useRef<string | null>(null);
  const onKey = useEffectEvent((event: KeyboardEvent) => {
    if (event.defaultPrevented || event.isComposing) return;
    const focus = focusOf(event.target);
    const name = matchShortcut(event, prefix.current, focus);
    prefix.current = name === null && isPrefix(event, focus) ? 'g' : null;
    if (name === null) return;
    event.preventDefault();
    run(name);
  });
  useEffect(() => {
    window.addEventListener('keydown', onKey);
    return () => window.removeEventListener('keydown', onKey);
  }, []);
}

function focusOf(target: EventTarget | null): Focus {
  // An open dialog or menu anywhere means that the page below it is not in use.
  if (document.querySelector('[role="dialog"],[role="alertdialog"],[role="menu"]')) return 'layer';
  if (!(target instanceof HTMLElement)) return 'page';
  return target.isContentEditable || target.matches('input, textarea, select') ? 'text' : 'page';
}
