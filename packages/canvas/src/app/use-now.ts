import { useEffect, useState } from 'react';
import { useServices } from './services-context.js';

/** The present moment, renewed every `everyMs`, for texts such as "3 min ago" and countdowns. */
export function useNow(everyMs: number): number {
  const { clock } = useServices();
  const [now, setNow] = useState(() => clock.nowMs());
  useEffect(() => {
    let cancel = () => {};
    const tick = () => {
      setNow(clock.nowMs());
      cancel = clock.after(everyMs, tick);
    };
    cancel = clock.after(everyMs, tick);
    return () => cancel();
  }, [clock, everyMs]);
  return now;
}
