import { X } from 'lucide-react';
import { Dialog as Radix } from 'radix-ui';
import type { ReactNode } from 'react';
import { IconButton } from './button.js';
import { classes } from './classes.js';
import { useReturnFocus } from './return-focus.js';

interface DialogProps {
  open: boolean;
  onClose: () => void;
  title: string;
  description?: ReactNode;
  children: ReactNode;
  footer?: ReactNode;
  width?: 'narrow' | 'normal' | 'wide';
  /** A drawer slides in at the right edge and takes the full height. */
  as?: 'modal' | 'drawer';
  /** While true neither Esc nor a press outside closes: work would be lost or its result unseen. */
  locked?: boolean;
  /** A text with nothing in it to press: it takes the focus itself, so that the keyboard can scroll it. */
  reading?: boolean;
}

const widths = { narrow: 'max-w-md', normal: 'max-w-xl', wide: 'max-w-3xl' };

/**
 * The field a dialog is about (`data-autofocus`) gets the focus; without one the dialog itself does, so that a screen
 * reader starts at its title and no button is one accidental Enter away.
 */
function focusInside(event: Event): void {
  event.preventDefault();
  const dialog = event.currentTarget ?? event.target;
  if (!(dialog instanceof HTMLElement)) return;
  (dialog.querySelector<HTMLElement>('[data-autofocus]') ?? dialog).focus();
}

/** Focus moves in on open, stays inside, and returns to the opener on close. Esc closes only the topmost. */
export function Dialog({ open, onClose, title, description, children, footer, ...look }: DialogProps) {
  const { width = 'normal', as = 'modal', locked = false, reading = false } = look;
  const focus = useReturnFocus();
  const keepOpen = (event: { preventDefault(): void }) => {
    if (locked) event.preventDefault();
  };
  return (
    <Radix.Root open={open} onOpenChange={(next) => !next && !locked && onClose()}>
      <Radix.Portal>
        <Radix.Overlay className="fixed inset-0 z-50 bg-black/25 dark:bg-black/55" />
        <Radix.Content
          onOpenAutoFocus={(event) => {
            focus.remember();
            focusInside(event);
          }}
          onCloseAutoFocus={focus.giveBack}
          onEscapeKeyDown={keepOpen}
          onInteractOutside={keepOpen}
          {...(description === undefined ? { 'aria-describedby': undefined } : {})}
          className={classes(
            'fixed z-50 flex flex-col border border-line bg-surface text-ink shadow-over focus:outline-none',
            as === 'modal'
              ? 'top-[12vh] left-1/2 max-h-[76vh] w-[calc(100vw-2rem)] -translate-x-1/2 rounded-2xl animate-enter'
              : 'inset-y-2 right-2 w-[calc(100vw-1rem)] rounded-2xl animate-slide',
            widths[width],
          )}
        >
          <header className="flex items-start gap-3 px-5 pt-4 pb-3">
            <div className="min-w-0 flex-1">
              <Radix.Title className="text-base font-semibold">{title}</Radix.Title>
              {description !== undefined && (
                <Radix.Description asChild>
                  <div className="mt-0.5 text-sm text-ink-soft">{description}</div>
                </Radix.Description>
              )}
            </div>
            <Radix.Close asChild disabled={locked}>
              <IconButton icon={X} label="Close" shortcut="Esc" className="-mt-1 -mr-2" />
            </Radix.Close>
          </header>
          <div
            {...(reading ? { tabIndex: 0, role: 'region', 'aria-label': title } : {})}
            className="relative min-h-0 flex-1 overflow-y-auto px-5 pb-5 focus-visible:-outline-offset-2"
          >
            {children}
          </div>
          {footer && (
            <footer className="flex items-center justify-end gap-2 border-t border-line px-5 py-3">{footer}</footer>
          )}
        </Radix.Content>
      </Radix.Portal>
    </Radix.Root>
  );
}
