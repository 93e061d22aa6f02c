import { CircleCheck, CircleDashed, CircleX, type LucideIcon } from 'lucide-react';
import { classes } from '../../ui/classes.js';
import type { Outcome } from './activity-words.js';

const marks = {
  good: { icon: CircleCheck, look: 'text-ok' },
  bad: { icon: CircleX, look: 'text-bad' },
  open: { icon: CircleDashed, look: 'text-busy' },
} satisfies Record<Outcome, { icon: LucideIcon; look: string }>;

export function OutcomeMark({ outcome, word }: { outcome: Outcome; word: string }) {
  const { icon: Icon, look } = marks[outcome];
  return <Icon role="img" aria-label={word} className={classes('size-4 shrink-0', look)} />;
}
