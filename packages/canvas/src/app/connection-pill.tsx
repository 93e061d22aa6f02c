import { CloudOff, LoaderCircle, Radio } from 'lucide-react';
import { agoOf } from '../model/relative-time.js';
import { linkWord } from '../sync/link.js';
import { classes } from '../ui/classes.js';
import { Tooltip } from '../ui/tooltip.js';
import { useFleet, useServices } from './services-context.js';
import { useNow } from './use-now.js';

export function ConnectionPill() {
  const { feed } = useServices();
  const link = useFleet((state) => state.link);
  const now = useNow(5_000);
  const state = linkWord(link);
  const age = link.liveAtMs === null ? '' : agoOf(link.liveAtMs, now);
  const view = {
    live: { icon: Radio, look: 'text-ok', text: 'Live', hint: 'Everything on this page is up to date.' },
    waiting: {
      icon: LoaderCircle,
      look: 'text-busy',
      text: link.liveAtMs === null ? 'Connecting' : 'Reconnecting',
      hint: 'What you see may be a few seconds old.',
    },
    offline: {
      icon: CloudOff,
      look: 'text-bad',
      text: age === '' ? 'Offline' : `Offline, last sync ${age}`,
      hint: 'The server cannot be reached. Press to try again now.',
    },
  }[state];
  const Icon = view.icon;
  return (
    <Tooltip text={view.hint}>
      <button
        type="button"
        onClick={() => feed.retryNow()}
        className={classes(
          'inline-flex h-8 items-center gap-1.5 rounded-full px-2.5 text-sm font-medium whitespace-nowrap max-sm:px-1.5 hover:bg-hover',
          view.look,
        )}
      >
        <Icon aria-hidden className={classes('size-4', state === 'waiting' && 'animate-spin')} />
        <span role="status" className="max-sm:sr-only">
          {view.text}
        </span>
      </button>
    </Tooltip>
  );
}
