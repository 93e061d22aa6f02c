import { useRef } from 'react';

/**
 * Gives the focus back to what had it when a dialog opened. Radix does so for dialogs with a trigger of their own; ours are
 * opened by an address, and have none. When the opener is gone as well, the main part of the page gets it, not nothing.
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
      event.preventDefault();
      const came = opener.current;
      const back = came instanceof HTMLElement && came.isConnected && came !== document.body ? came : null;
      (back ?? document.querySelector<HTMLElement>('main'))?.focus();
    },
  };
}
