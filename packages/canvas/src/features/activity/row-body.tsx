import type { Activity } from '@molecule/contract';
import { at, textOfReply, textOfRequest } from '@molecule/contract/a2a';
import { ScrollText } from 'lucide-react';
import { Link } from 'react-router';
import { useAgent } from '../../app/services-context.js';
import { classes } from '../../ui/classes.js';
import { JsonBlock, LongText } from '../../ui/json-block.js';
import { ConversationLink } from '../comms/conversation-link.js';
import { FailedDelegation } from '../delegations/failed-delegation.js';
import { delegationOf, isResult, outcomeOf, resultOf, taskOf } from './activity-words.js';

/** All of a row: what went wrong and what to do, what was asked and answered, and the bodies as they were recorded. */
export function RowBody({ row }: { row: Activity }) {
  const asked = textOfRequest(row.request_body) || taskOf(row);
  // The message that brings a result repeats it as its request.
  const answered = textOfReply(row.response_body) || resultOf(row);
  const peerId = row.source_id === row.workspace_id ? row.target_id : row.source_id;
  const peer = useAgent(peerId ?? '');
  return (
    <div className="space-y-3 bg-sunken px-4 py-3 pl-11">
      <WhatWentWrong row={row} />
      {asked && asked !== answered && <Block name={isResult(row) ? 'Task' : 'Request'} text={asked} />}
      {answered && <Block name="Answer" text={answered} />}
      <CutNote name="request" body={row.request_body} />
      <CutNote name="answer" body={row.response_body} />
      {peer && <ConversationLink id={row.workspace_id} peerId={peer.id} label={`Conversation with ${peer.name}`} />}
      <div className="space-y-2">
        {row.request_body != null && <JsonBlock name="Request body" value={row.request_body} />}
        {row.response_body != null && <JsonBlock name="Response body" value={row.response_body} />}
        {row.tool_trace != null && <JsonBlock name="Tool trace" value={row.tool_trace} />}
        <JsonBlock name="As recorded" value={row} />
      </div>
    </div>
  );
}

/** A failure with its next step. A delegation knows its own; for the rest the log of who should have answered helps. */
function WhatWentWrong({ row }: { row: Activity }) {
  const delegationId = delegationOf(row);
  if (outcomeOf(row.status) !== 'bad' && !row.error_detail) return null;
  const caller = row.activity_type === 'delegation' ? row.workspace_id : row.target_id;
  if (delegationId !== '' && caller !== null) {
    return <FailedDelegation callerId={caller} delegationId={delegationId} error={row.error_detail} />;
  }
  return <PlainFailure row={row} />;
}

function PlainFailure({ row }: { row: Activity }) {
  const suspect = useAgent((row.activity_type === 'a2a_send' ? row.target_id : null) ?? row.workspace_id);
  return (
    <div>
      <Block name="Error" text={row.error_detail || row.summary || 'No reason was recorded.'} bad />
      <p className="mt-1 text-sm text-ink-soft">
        Look at the log of {suspect?.name ?? 'the agent'}, put the cause right, then send the work once more.{' '}
        {suspect && (
          <Link
            to={`/w/${suspect.id}/logs`}
            className="inline-flex items-center gap-1 rounded font-medium whitespace-nowrap text-accent hover:underline"
          >
            <ScrollText aria-hidden className="size-3.5" />
            Open the log
          </Link>
        )}
      </p>
    </div>
  );
}

/** The server keeps the beginning of very large bodies and says how large they were. */
function CutNote({ name, body }: { name: string; body: unknown }) {
  const bytes = at(body, 'bytes');
  if (at(body, 'truncated') !== true || typeof bytes !== 'number') return null;
  return (
    <p className="text-xs text-ink-soft">
      The {name} had {Math.round(bytes / 1024).toLocaleString()} KB; the log keeps only its beginning.
    </p>
  );
}

const SHOWN_CHARACTERS = 4_000;

function Block({ name, text, bad = false }: { name: string; text: string; bad?: boolean }) {
  return (
    <div>
      <p className="text-xs font-medium text-ink-faint">{name}</p>
      <LongText text={text} limit={SHOWN_CHARACTERS}>
        {(shown) => (
          <p className={classes('mt-0.5 text-sm break-words whitespace-pre-wrap', bad && 'text-bad')}>{shown}</p>
        )}
      </LongText>
    </div>
  );
}
