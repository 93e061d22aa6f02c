import type { LucideIcon } from 'lucide-react';
import { DropdownMenu as Radix } from 'radix-ui';
import { createContext, type ReactElement, type ReactNode, use, useId, useRef } from 'react';
import { classes } from './classes.js';
import { Kbd } from './kbd.js';

/**
 * A menu that hangs on the button that opens it. Neither menu is modal: a press elsewhere closes it and does what it
 * does there, and nothing that can still take the focus is hidden from screen readers.
 */
export function Menu({ trigger, ...panel }: { trigger: ReactElement } & PanelProps) {
  return (
    <Radix.Root modal={false}>
      <Radix.Trigger asChild>{trigger}</Radix.Trigger>
      <Panel align="end" {...panel} />
    </Radix.Root>
  );
}

interface PointMenuProps extends PanelProps {
  open: boolean;
  /** Where it opens, in the window. */
  at: { readonly x: number; readonly y: number };
  onClose: () => void;
  /** Gives the focus back to where the menu was asked for. */
  returnFocus: () => void;
}

/**
 * A menu that opens at a point: one for a whole page of things that can be pressed with the other mouse button. It stays
 * mounted while closed, because Radix has to see the key press that opens it to put the focus on the first item.
 */
export function PointMenu({ open, at, onClose, ...panel }: PointMenuProps) {
  return (
    <Radix.Root modal={false} open={open} onOpenChange={(next) => !next && onClose()}>
      <Radix.Trigger asChild>
        <button
          type="button"
          aria-hidden
          tabIndex={-1}
          // Without transitions: Radix measures it at once, and under reduced motion everything else takes 1 ms to move.
          className="pointer-events-none fixed size-0 transition-none"
          style={{ left: at.x, top: at.y }}
        />
      </Radix.Trigger>
      <Panel align="start" {...panel} />
    </Radix.Root>
  );
}

interface PanelProps {
  label: string;
  /** A sentence under the items, read with the name of the menu: why something is not offered. */
  note?: string | null;
  children: ReactNode;
}

/** Takes what an item is to do once the menu has closed. */
const AfterClose = createContext<(act: () => void) => void>((act) => act());

interface PlacedPanelProps extends PanelProps {
  align: 'start' | 'end';
  returnFocus?: () => void;
}

function Panel({ label, note = null, align, returnFocus, children }: PlacedPanelProps) {
  const noteId = useId();
  const waiting = useRef<(() => void) | null>(null);
  const leftByPress = useRef(false);
  const onCloseAutoFocus = (event: Event) => {
    if (returnFocus) {
      event.preventDefault();
      if (!leftByPress.current) returnFocus();
    }
    leftByPress.current = false;
    const act = waiting.current;
    waiting.current = null;
    // Radix focuses the opener in a handler after this one.
    if (act) queueMicrotask(act);
  };
  return (
    <Radix.Portal>
      <Radix.Content
        aria-label={label}
        {...(note === null ? {} : { 'aria-describedby': noteId })}
        align={align}
        sideOffset={6}
        collisionPadding={8}
        onCloseAutoFocus={onCloseAutoFocus}
        onInteractOutside={() => {
          leftByPress.current = true;
        }}
        onContextMenu={(event) => event.preventDefault()}
        className="z-60 max-w-72 min-w-52 rounded-xl border border-line bg-raised p-1 shadow-lift animate-enter"
      >
        <AfterClose
          value={(act) => {
            waiting.current = act;
          }}
        >
          {children}
        </AfterClose>
        {note !== null && (
          <p id={noteId} className="mt-1 border-t border-line px-2.5 pt-2 pb-1.5 text-xs text-ink-soft">
            {note}
          </p>
        )}
      </Radix.Content>
    </Radix.Portal>
  );
}

interface MenuItemProps {
  icon: LucideIcon;
  children: ReactNode;
  shortcut?: string;
  danger?: boolean;
  disabled?: boolean;
  /** It acts once the menu has closed and its opener has the focus, so that a dialog gives the focus back to that. */
  opensDialog?: boolean;
  onSelect: () => void;
}

export function MenuItem({ icon: Icon, children, shortcut, onSelect, ...props }: MenuItemProps) {
  const { danger = false, disabled = false, opensDialog = false } = props;
  const afterClose = use(AfterClose);
  return (
    <Radix.Item
      disabled={disabled}
      onSelect={opensDialog ? () => afterClose(onSelect) : onSelect}
      className={classes(
        'flex h-8 items-center gap-2.5 rounded-lg px-2.5 text-sm outline-none select-none',
        'data-[highlighted]:bg-hover data-[disabled]:opacity-50',
        danger ? 'text-danger' : 'text-ink',
      )}
    >
      <Icon aria-hidden className="size-4 opacity-80" />
      <span className="flex-1">{children}</span>
      {shortcut && <Kbd keys={shortcut} />}
    </Radix.Item>
  );
}

export function MenuSeparator() {
  return <Radix.Separator className="my-1 h-px bg-line" />;
}
