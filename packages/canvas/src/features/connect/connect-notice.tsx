import type { Workspace } from '@molecule/contract';
import { Plug } from 'lucide-react';
import { useDialog } from '../../app/use-navigation.js';
import { isExternal } from '../../model/lifecycle-verbs.js';
import { Button } from '../../ui/button.js';
import { Notice } from '../../ui/notice.js';

/** An agent that runs elsewhere has not come yet, or has gone: how to connect it is one press away. */
export function ConnectNotice({ agent }: { agent: Workspace }) {
  const dialog = useDialog();
  if (!isExternal(agent) || agent.status !== 'awaiting_agent') return null;
  return (
    <Notice
      tone="info"
      title="Waiting for its agent"
      className="mt-3"
      action={
        <Button size="small" icon={Plug} onClick={() => dialog.open('connect', agent.id)}>
          Connect
        </Button>
      }
    >
      It runs outside of this server and is online as soon as it calls.
    </Notice>
  );
}
