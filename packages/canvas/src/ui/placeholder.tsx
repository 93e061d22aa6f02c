import type { LucideIcon } from 'lucide-react';
import { LoaderCircle } from 'lucide-react';
import type { ReactNode } from 'react';
import { classes } from './classes.js';

/** What a list shows when it has nothing: why, and what would fill it. */
export function Placeholder({
  icon: Icon,
  title,
  children,
}: {
  icon: LucideIcon;
  title: string;
  children?: ReactNode;
}) {
  return (
    <div className="flex h-full flex-col items-center justify-center gap-1 px-8 py-10 text-center">
      <span className="mb-2 inline-flex size-11 items-center justify-center rounded-full bg-hover">
        <Icon aria-hidden className="size-5 text-ink-faint" />
      </span>
      <p className="text-sm font-medium">{title}</p>
      {children && <div className="max-w-72 text-sm text-ink-soft">{children}</div>}
    </div>
  );
}

export function Loading({ label, className }: { label: string; className?: string }) {
  return (
    <div
      role="status"
      className={classes('flex items-center justify-center gap-2 p-8 text-sm text-ink-soft', className)}
    >
      <LoaderCircle aria-hidden className="size-4 animate-spin" />
      {label}
    </div>
  );
}

/** Grey bars in the shape of the list that is on its way. */
export function SkeletonRows({ label, rows = 4 }: { label: string; rows?: number }) {
  return (
    <div role="status" aria-label={label} className="space-y-2.5 p-4">
      {Array.from({ length: rows }, (_, index) => (
        // The rows are identical and never reorder.
        // biome-ignore lint/suspicious/noArrayIndexKey: see above
        <div key={index} className="h-12 animate-pulse rounded-lg bg-hover" />
      ))}
    </div>
  );
}
