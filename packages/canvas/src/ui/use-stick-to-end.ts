import { type RefObject, useEffect, useLayoutEffect, useRef, useState } from 'react';

interface StickToEnd {
  readonly area: RefObject<HTMLDivElement | null>;
  readonly atEnd: boolean;
  readonly toEnd: () => void;
}

/**
 * Keeps the end of a conversation in view while the reader is there, and leaves them alone when they have scrolled up.
 * A change of `pull` brings the end into view in any case: one's own new message. A change of `oldest` means that
 * something was added above; what is being read then stays where it is. Without an oldest there is no list yet.
 */
export function useStickToEnd({
  pull,
  oldest,
}: {
  pull?: string | undefined;
  oldest?: string | undefined;
}): StickToEnd {
  const area = useRef<HTMLDivElement>(null);
  const sticky = useRef(true);
  const belowTop = useRef(0);
  const [atEnd, setAtEnd] = useState(true);

  const pulled = useRef(pull);
  useLayoutEffect(() => {
    const element = area.current;
    if (!element) return;
    if (pull !== pulled.current) sticky.current = true;
    pulled.current = pull;
    if (sticky.current) element.scrollTop = element.scrollHeight;
  }, [pull]);

  const first = useRef(oldest);
  useLayoutEffect(() => {
    const element = area.current;
    if (!element || first.current === oldest) return;
    first.current = oldest;
    // Browsers hold the place themselves except at the very top, where the button for earlier messages is.
    if (!sticky.current && element.scrollTop < 1) element.scrollTop = element.scrollHeight - belowTop.current;
  }, [oldest]);

  const there = oldest !== undefined;
  useEffect(() => {
    const element = there ? area.current : null;
    const list = element?.querySelector('ol');
    if (!element || !list) return;
    const onScroll = () => {
      belowTop.current = element.scrollHeight - element.scrollTop;
      sticky.current = belowTop.current - element.clientHeight < 48;
      setAtEnd(sticky.current);
    };
    // Grows with every streamed word and when markdown replaces plain text.
    const grown = new ResizeObserver(() => {
      if (sticky.current) element.scrollTop = element.scrollHeight;
      belowTop.current = element.scrollHeight - element.scrollTop;
    });
    grown.observe(list);
    element.addEventListener('scroll', onScroll, { passive: true });
    return () => {
      grown.disconnect();
      element.removeEventListener('scroll', onScroll);
    };
  }, [there]);

  const toEnd = () => {
    sticky.current = true;
    const element = area.current;
    if (element) element.scrollTop = element.scrollHeight;
  };
  return { area, atEnd, toEnd };
}
