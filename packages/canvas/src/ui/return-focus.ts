import { useRef } from 'react';

/**
 * Radix gives the focus back to the trigger of a dialog, and ours have none: they open by address. So the dialog itself
 * remembers where the focus came from; when that is gone as well, the main part of the page gets it instead of nothing.
 */
export function useReturnFocus() {
  const opener = useRef<Element | null>(null);
  return {
    onOpenAutoFocus: () => {
      opener.current = document.activeElement;
    },
    onCloseAutoFocus: (event: Event) => {
      event.preventDefault();
      const came = opener.current;
      const back = came instanceof HTMLElement && came.isConnected && came !== document.body ? came : null;
      (back ?? document.querySelector<HTMLElement>('main'))?.focus();
    },
  };
}
