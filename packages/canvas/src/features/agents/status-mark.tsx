import type { Status } from '@molecule/contract';
import {
  Archive,
  CircleCheck,
  CircleDashed,
  CircleOff,
  CirclePause,
  CircleX,
  LoaderCircle,
  type LucideIcon,
  Moon,
  TriangleAlert,
} from 'lucide-react';
import { type StatusStyle, statusStyle } from '../../model/status.js';
import { classes } from '../../ui/classes.js';

const shapes = {
  check: CircleCheck,
  spinner: LoaderCircle,
  triangle: TriangleAlert,
  cross: CircleX,
  slash: CircleOff,
  dashed: CircleDashed,
  pause: CirclePause,
  moon: Moon,
  archive: Archive,
} satisfies Record<StatusStyle['shape'], LucideIcon>;

const chips = {
  ok: 'bg-ok-soft text-ok',
  busy: 'bg-busy-soft text-busy',
  warn: 'bg-warn-soft text-warn',
  bad: 'bg-bad-soft text-bad',
  rest: 'bg-rest-soft text-rest',
  wait: 'bg-wait-soft text-wait',
} satisfies Record<StatusStyle['tone'], string>;

const marks = {
  ok: 'text-ok',
  busy: 'text-busy',
  warn: 'text-warn',
  bad: 'text-bad',
  rest: 'text-rest',
  wait: 'text-wait',
} satisfies Record<StatusStyle['tone'], string>;

/** Shape and colour only; whoever uses it puts the word beside it. */
export function StatusIcon({
  status,
  still = false,
  className,
}: {
  status: Status;
  still?: boolean;
  className?: string;
}) {
  const style = statusStyle(status);
  const Shape = shapes[style.shape];
  return (
    <Shape
      aria-hidden
      className={classes(
        'size-4 shrink-0',
        marks[style.tone],
        style.shape === 'spinner' && !still && 'animate-spin',
        className,
      )}
    />
  );
}

export function StatusChip({ status }: { status: Status }) {
  const style = statusStyle(status);
  const Shape = shapes[style.shape];
  return (
    <span
      title={style.meaning}
      className={classes(
        'inline-flex h-5.5 shrink-0 items-center gap-1 rounded-full pr-2 pl-1.5 text-xs font-medium whitespace-nowrap',
        chips[style.tone],
      )}
    >
      <Shape aria-hidden className={classes('size-3.5', style.shape === 'spinner' && 'animate-spin')} />
      {style.label}
    </span>
  );
}
