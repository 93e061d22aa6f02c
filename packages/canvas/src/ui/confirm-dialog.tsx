import { AlertDialog as Radix } from 'radix-ui';
import type { ReactNode } from 'react';
import { Button } from './button.js';
import { useReturnFocus } from './return-focus.js';

interface ConfirmDialogProps {
  open: boolean;
  title: string;
  /** What will happen: read to a screen reader as soon as the dialog opens. */
  children: ReactNode;
  /** Choices and complaints below it, which are reached and read by themselves. */
  extra?: ReactNode;
  /** Names the act. */
  confirmLabel: string;
  /** `danger` for what cannot be undone. */
  look?: 'danger' | 'primary';
  pending?: boolean;
  onConfirm: () => void;
  onCancel: () => void;
}

/**
 * Asks before something that reaches far or cannot be undone. Focus starts on Cancel and there is no key handler of our
 * own: Enter presses whatever has the focus, so it can never confirm by accident.
 */
export function ConfirmDialog({ open, title, children, extra, confirmLabel, ...props }: ConfirmDialogProps) {
  const { look = 'danger', pending = false, onConfirm, onCancel } = props;
  const focus = useReturnFocus();
  return (
    <Radix.Root open={open} onOpenChange={(next) => !next && !pending && onCancel()}>
      <Radix.Portal>
        <Radix.Overlay className="fixed inset-0 z-60 bg-black/40 dark:bg-black/60" />
        <Radix.Content
          onOpenAutoFocus={focus.remember}
          onCloseAutoFocus={focus.giveBack}
          className="fixed top-[12vh] left-1/2 z-60 max-h-[80vh] w-[calc(100vw-2rem)] max-w-md -translate-x-1/2 overflow-y-auto rounded-2xl border border-line bg-surface p-5 shadow-over animate-enter focus:outline-none"
        >
          <Radix.Title className="text-base font-semibold break-words">{title}</Radix.Title>
          <Radix.Description asChild>
            <div className="mt-2 text-sm text-ink-soft">{children}</div>
          </Radix.Description>
          {extra}
          <div className="mt-5 flex justify-end gap-2">
            <Radix.Cancel asChild>
              <Button disabled={pending}>Cancel</Button>
            </Radix.Cancel>
            <Button look={look} pending={pending} onClick={onConfirm}>
              {confirmLabel}
            </Button>
          </div>
        </Radix.Content>
      </Radix.Portal>
    </Radix.Root>
  );
}
