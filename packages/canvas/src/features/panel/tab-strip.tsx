import { ChevronLeft, ChevronRight, type LucideIcon } from 'lucide-react';
import { Tabs as Radix } from 'radix-ui';
import { useEffect, useRef, useState } from 'react';
import { classes } from '../../ui/classes.js';

interface TabStripProps {
  tabs: readonly { readonly id: string; readonly label: string }[];
  active: string;
}

/** All tabs in one row. Where they do not fit it scrolls: to the open one by itself, to the others by keys, wheel or the arrows at its ends. */
export function TabStrip({ tabs, active }: TabStripProps) {
  const row = useRef<HTMLDivElement>(null);
  const [hidden, setHidden] = useState({ left: false, right: false });

  useEffect(() => {
    const list = row.current;
    if (!list) return;
    const look = () => {
      const left = list.scrollLeft > 1;
      const right = list.scrollLeft + list.clientWidth < list.scrollWidth - 1;
      setHidden((before) => (before.left === left && before.right === right ? before : { left, right }));
    };
    const sizes = new ResizeObserver(look);
    sizes.observe(list);
    list.addEventListener('scroll', look, { passive: true });
    return () => {
      sizes.disconnect();
      list.removeEventListener('scroll', look);
    };
  }, []);

  useEffect(() => {
    row.current?.querySelector(`[data-tab="${active}"]`)?.scrollIntoView({ block: 'nearest', inline: 'center' });
  }, [active]);

  const scroll = (direction: 1 | -1) => row.current?.scrollBy({ left: direction * 160, behavior: 'smooth' });
  return (
    <div className="relative -mx-1 mt-3">
      <Radix.List
        ref={row}
        aria-label="Views of the agent"
        className="flex gap-0.5 overflow-x-auto [scrollbar-width:none]"
      >
        {tabs.map(({ id, label }) => (
          <Radix.Trigger
            key={id}
            value={id}
            data-tab={id}
            className="relative flex h-9 items-center gap-1.5 rounded-t-lg px-2.5 text-sm whitespace-nowrap text-ink-soft hover:text-ink focus-visible:-outline-offset-2 data-[state=active]:font-medium data-[state=active]:text-ink data-[state=active]:after:absolute data-[state=active]:after:inset-x-2 data-[state=active]:after:bottom-0 data-[state=active]:after:h-0.5 data-[state=active]:after:rounded-full data-[state=active]:after:bg-accent"
          >
            {label}
          </Radix.Trigger>
        ))}
      </Radix.List>
      {hidden.left && <Edge side="left" icon={ChevronLeft} onPress={() => scroll(-1)} />}
      {hidden.right && <Edge side="right" icon={ChevronRight} onPress={() => scroll(1)} />}
    </div>
  );
}

/** For the pointer alone: by keyboard the arrow keys reach every tab, and bring it into view. */
function Edge({ side, icon: Icon, onPress }: { side: 'left' | 'right'; icon: LucideIcon; onPress: () => void }) {
  return (
    <button
      type="button"
      tabIndex={-1}
      aria-hidden
      onClick={onPress}
      className={classes(
        'absolute inset-y-0 flex w-9 items-center from-surface from-60% to-transparent text-ink-soft hover:text-ink',
        side === 'left' ? 'left-0 justify-start bg-linear-to-r' : 'right-0 justify-end bg-linear-to-l',
      )}
    >
      <Icon className="size-4" />
    </button>
  );
}
