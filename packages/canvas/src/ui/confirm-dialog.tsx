import { AlertDialog as Radix } from 'radix-ui';
import type { ReactNode } from 'react';
import { Button } from './button.js';

interface ConfirmDialogProps {
  open: boolean;
  title: string;
  children: ReactNode;
  confirmLabel: string;
  pending?: boolean;
  onConfirm: () => void;
  onCancel: () => void;
}

/**
 * Asks before something that cannot be undone. Focus starts on Cancel and there is no key handler of our own: Enter
 * presses whatever has the focus, so it can never confirm by accident.
 */
export function ConfirmDialog({ open, title, children, confirmLabel, pending = false, ...on }: ConfirmDialogProps) {
  return (
    <Radix.Root open={open} onOpenChange={(next) => !next && !pending && on.onCancel()}>
      <Radix.Portal>
        <Radix.Overlay className="fixed inset-0 z-60 bg-black/40 dark:bg-black/60" />
        <Radix.Content className="fixed top-[18vh] left-1/2 z-60 w-[calc(100vw-2rem)] max-w-md -translate-x-1/2 rounded-2xl border border-line bg-surface p-5 shadow-over animate-enter focus:outline-none">
          <Radix.Title className="text-base font-semibold">{title}</Radix.Title>
          <Radix.Description asChild>
            <div className="mt-2 text-sm text-ink-soft">{children}</div>
          </Radix.Description>
          <div className="mt-5 flex justify-end gap-2">
            <Radix.Cancel asChild>
              <Button disabled={pending}>Cancel</Button>
            </Radix.Cancel>
            <Button look="danger" pending={pending} onClick={on.onConfirm}>
              {confirmLabel}
            </Button>
          </div>
        </Radix.Content>
      </Radix.Portal>
    </Radix.Root>
  );
}
