import type { LucideIcon } from 'lucide-react';
import { CircleX, Info, TriangleAlert } from 'lucide-react';
import type { ReactNode } from 'react';
import { classes } from './classes.js';

type Tone = 'info' | 'warning' | 'error';

const tones = {
  info: { icon: Info, look: 'bg-busy-soft text-ink [&>svg]:text-busy' },
  warning: { icon: TriangleAlert, look: 'bg-warn-soft text-ink [&>svg]:text-warn' },
  error: { icon: CircleX, look: 'bg-bad-soft text-ink [&>svg]:text-bad' },
} satisfies Record<Tone, { icon: LucideIcon; look: string }>;

interface NoticeProps {
  tone: Tone;
  title: string;
  children?: ReactNode;
  action?: ReactNode;
  /** Below the text, where a long sentence beside several buttons would be squeezed into a column. */
  actions?: ReactNode;
  /** Part of a record that is read in its turn: it interrupts nobody. */
  quiet?: boolean;
  className?: string;
}

/** States a fact and what to do about it. Errors interrupt a screen reader, the rest wait for it. */
export function Notice({ tone, title, children, action, actions, quiet = false, className }: NoticeProps) {
  const { icon: Icon, look } = tones[tone];
  return (
    <div
      role={quiet ? undefined : tone === 'error' ? 'alert' : 'status'}
      className={classes('flex gap-2.5 rounded-xl px-3.5 py-2.5 text-sm', look, className)}
    >
      <Icon aria-hidden className="mt-0.5 size-4 shrink-0" />
      <div className="min-w-0 flex-1">
        <p className="font-medium break-words">{title}</p>
        {children && <div className="mt-0.5 text-ink-soft break-words">{children}</div>}
        {actions && <div className="mt-2 flex flex-wrap gap-2">{actions}</div>}
      </div>
      {action && <div className="shrink-0 self-center">{action}</div>}
    </div>
  );
}
