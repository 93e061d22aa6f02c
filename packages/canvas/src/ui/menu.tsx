import type { LucideIcon } from 'lucide-react';
import { DropdownMenu as Radix } from 'radix-ui';
import type { ReactElement, ReactNode } from 'react';
import { classes } from './classes.js';
import { Kbd } from './kbd.js';

export function Menu({ trigger, children, label }: { trigger: ReactElement; children: ReactNode; label: string }) {
  return (
    <Radix.Root>
      <Radix.Trigger asChild>{trigger}</Radix.Trigger>
      <Radix.Portal>
        <Radix.Content
          aria-label={label}
          align="end"
          sideOffset={6}
          collisionPadding={8}
          className="z-60 min-w-52 rounded-xl border border-line bg-raised p-1 shadow-lift animate-enter"
        >
          {children}
        </Radix.Content>
      </Radix.Portal>
    </Radix.Root>
  );
}

interface MenuItemProps {
  icon: LucideIcon;
  children: ReactNode;
  shortcut?: string;
  danger?: boolean;
  disabled?: boolean;
  onSelect: () => void;
}

export function MenuItem({
  icon: Icon,
  children,
  shortcut,
  danger = false,
  disabled = false,
  onSelect,
}: MenuItemProps) {
  return (
    <Radix.Item
      disabled={disabled}
      onSelect={onSelect}
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
