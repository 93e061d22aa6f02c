import { ArrowDown } from 'lucide-react';
import { Button } from './button.js';

/** Between two days of a conversation. */
export function DayLine({ day }: { day: string }) {
  return (
    <li className="flex items-center gap-3 text-xs text-ink-faint">
      <span className="h-px flex-1 bg-line" />
      {day}
      <span className="h-px flex-1 bg-line" />
    </li>
  );
}

/** Above the end of a conversation that the reader has left behind. */
export function NewestButton({ onPress }: { onPress: () => void }) {
  return (
    <Button
      size="small"
      icon={ArrowDown}
      onClick={onPress}
      className="absolute bottom-3 left-1/2 -translate-x-1/2 rounded-full! shadow-lift!"
    >
      Newest
    </Button>
  );
}
