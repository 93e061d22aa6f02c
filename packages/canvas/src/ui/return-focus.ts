import { useRef } from 'react';

/**
 * Gives the focus back to what had it when a dialog opened. Radix does so for dialogs with a trigger of their own; ours are
 * opened by an address, and have none.
 */
export function useReturnFocus() {
  const opener = useRef<Element | null>(null);
  return {
    /** Call as the dialog opens, before the focus moves into it. */
    remember: () => {
      opener.current = document.activeElement;
    },
    /** Radix calls this as the dialog closes. */
    giveBack: (event: Event) => {
      if (!(opener.current instanceof HTMLElement) || !opener.current.isConnected) return;
      event.preventDefault();
      opener.current.focus();
    },
  };
}
