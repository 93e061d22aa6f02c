import type { LucideIcon } from 'lucide-react';
import { LoaderCircle } from 'lucide-react';
import type { ButtonHTMLAttributes, Ref } from 'react';
import { classes } from './classes.js';
import { Tooltip } from './tooltip.js';

type Look = 'primary' | 'plain' | 'quiet' | 'danger';

const looks = {
  primary: 'bg-accent-fill text-accent-ink hover:bg-accent-fill-hover shadow-card',
  plain: 'bg-surface text-ink border border-line hover:bg-hover shadow-card',
  quiet: 'text-ink-soft hover:bg-hover hover:text-ink',
  danger: 'bg-danger-fill text-white hover:brightness-110 shadow-card',
} satisfies Record<Look, string>;

interface ButtonProps extends ButtonHTMLAttributes<HTMLButtonElement> {
  look?: Look;
  icon?: LucideIcon;
  size?: 'small' | 'normal';
  /** Shows a spinner and refuses further presses; the label stays so that the width does not jump. */
  pending?: boolean;
  ref?: Ref<HTMLButtonElement>;
}

export function Button({ look = 'plain', icon: Icon, size = 'normal', pending = false, ...props }: ButtonProps) {
  const { className, children, disabled, type = 'button', ...rest } = props;
  return (
    <button
      {...rest}
      type={type}
      disabled={disabled || pending}
      aria-busy={pending || undefined}
      className={classes(
        'inline-flex shrink-0 items-center justify-center gap-1.5 rounded-lg font-medium transition-colors select-none',
        'disabled:opacity-55 disabled:cursor-not-allowed',
        size === 'small' ? 'h-7 px-2.5 text-xs' : 'h-9 px-3.5 text-sm',
        looks[look],
        className,
      )}
    >
      {pending ? (
        <LoaderCircle aria-hidden className="size-4 animate-spin" />
      ) : (
        Icon && <Icon aria-hidden className={size === 'small' ? 'size-3.5' : 'size-4'} />
      )}
      {children}
    </button>
  );
}

interface IconButtonProps extends Omit<ButtonHTMLAttributes<HTMLButtonElement>, 'aria-label'> {
  icon: LucideIcon;
  /** Spoken name and tooltip. */
  label: string;
  shortcut?: string;
  side?: 'top' | 'bottom' | 'left' | 'right';
  /** Something it started is under way; it can be pressed nevertheless. */
  pending?: boolean;
  ref?: Ref<HTMLButtonElement>;
}

/** A button that is only an icon always has a spoken name and a tooltip that shows it. */
export function IconButton({ icon, label, shortcut, side = 'bottom', pending = false, ...props }: IconButtonProps) {
  const { className, ...rest } = props;
  const Icon = pending ? LoaderCircle : icon;
  return (
    <Tooltip text={label} side={side} {...(shortcut === undefined ? {} : { shortcut })}>
      <button
        type="button"
        aria-label={label}
        aria-busy={pending || undefined}
        {...rest}
        className={classes(
          'inline-flex size-8 shrink-0 items-center justify-center rounded-lg text-ink-soft transition-colors',
          'hover:bg-hover hover:text-ink aria-pressed:bg-accent-soft aria-pressed:text-accent disabled:opacity-50',
          className,
        )}
      >
        <Icon aria-hidden className={classes('size-4', pending && 'animate-spin')} />
      </button>
    </Tooltip>
  );
}
