import type { Connection, Workspace } from '@molecule/contract';
import { useState } from 'react';
import { useAgent } from '../../app/services-context.js';
import { useDialog } from '../../app/use-navigation.js';
import { fieldKeys, stampToken, type Way, ways } from '../../model/connect-snippets.js';
import { problemOf } from '../../model/problem.js';
import { Button } from '../../ui/button.js';
import { ConfirmDialog } from '../../ui/confirm-dialog.js';
import { CopyButton } from '../../ui/copy-button.js';
import { Dialog } from '../../ui/dialog.js';
import { Notice } from '../../ui/notice.js';
import { SkeletonRows } from '../../ui/placeholder.js';
import { ReadFailure } from '../../ui/read-failure.js';
import { Segments } from '../../ui/segments.js';
import { useConnection } from './use-connection.js';

const FIELDS = 'fields';

/** Ready lines for every way in which an agent from elsewhere can join, and the token once, when it was just made. */
export function ConnectDialog({ id }: { id: string }) {
  const agent = useAgent(id);
  const dialog = useDialog();
  const { connection, rotate } = useConnection(id);
  const [asking, setAsking] = useState(false);
  const name = agent?.name || 'the agent';
  const hasToken = connection.data !== undefined && connection.data.auth_token !== '';
  const problem = rotate.error ? problemOf(rotate.error) : null;
  return (
    <Dialog
      open
      onClose={dialog.close}
      // One press outside must not lose what is shown only once.
      locked={hasToken}
      width="wide"
      title={`Connect ${name}`}
      description="It runs wherever you like and needs no open port: it calls this server."
      footer={
        hasToken ? (
          <Button look="primary" onClick={dialog.close}>
            I have saved the token
          </Button>
        ) : (
          <>
            <Button pending={rotate.isPending} disabled={!connection.data} onClick={() => setAsking(true)}>
              Rotate credentials
            </Button>
            <Button look="primary" onClick={dialog.close}>
              Done
            </Button>
          </>
        )
      }
    >
      {connection.isPending ? (
        <SkeletonRows label="Loading how to connect" />
      ) : connection.isError ? (
        <ReadFailure error={connection.error} onRetry={() => connection.refetch()} />
      ) : (
        <div className="space-y-4">
          {problem && (
            <Notice tone="error" title={problem.title}>
              {problem.advice}
            </Notice>
          )}
          <TokenNotice connection={connection.data} agent={agent} />
          <Ways connection={connection.data} />
        </div>
      )}
      <ConfirmDialog
        open={asking}
        title={`Rotate the credentials of ${name}?`}
        confirmLabel="Rotate"
        onCancel={() => setAsking(false)}
        onConfirm={() => {
          setAsking(false);
          rotate.mutate();
        }}
      >
        Every token of it is refused at once, so an agent that is connected now drops out within seconds until it gets
        the new one. The new token is shown here once.
      </ConfirmDialog>
    </Dialog>
  );
}

function TokenNotice({ connection, agent }: { connection: Connection; agent: Workspace | undefined }) {
  if (connection.auth_token !== '') {
    return (
      <Notice tone="warning" title="The token is shown only now">
        It is in the lines below. Save it before you close this.
      </Notice>
    );
  }
  if (agent?.status === 'online') {
    return (
      <Notice tone="info" title="It is connected">
        These are the lines it was connected with, without the token.
      </Notice>
    );
  }
  return (
    <Notice tone="info" title="The token is not shown again">
      Paste it where the lines ask for it. If it is lost, rotate the credentials: that makes a new one.
    </Notice>
  );
}

function Ways({ connection }: { connection: Connection }) {
  // A server of an older release may not know every way.
  const offered = ways.filter((way) => connection[way.key]);
  const [chosen, setChosen] = useState(offered[0]?.id ?? FIELDS);
  const way = offered.find((one) => one.id === chosen);
  return (
    <>
      <div className="overflow-x-auto pb-1">
        <Segments
          label="Way to connect"
          options={[...offered.map(({ id, label }) => ({ id, label })), { id: FIELDS, label: 'Fields' }]}
          value={chosen}
          onChange={setChosen}
        />
      </div>
      {way ? <Snippet way={way} connection={connection} /> : <Fields connection={connection} />}
    </>
  );
}

function Snippet({ way, connection }: { way: Way; connection: Connection }) {
  const text = stampToken(connection[way.key], connection.auth_token);
  const { help } = way;
  return (
    <div className="space-y-3">
      <div className="relative">
        <section
          // biome-ignore lint/a11y/noNoninteractiveTabindex: a long line can only be scrolled by keyboard when it takes the focus
          tabIndex={0}
          aria-label={`Lines for ${way.label}`}
          className="max-h-72 overflow-auto rounded-xl border border-line bg-sunken p-3 pr-12"
        >
          <pre className="font-mono text-xs leading-5">{text}</pre>
        </section>
        <span className="absolute top-1.5 right-1.5 rounded-md bg-sunken">
          <CopyButton text={text} label={`Copy the lines for ${way.label}`} />
        </span>
      </div>
      <details className="rounded-xl border border-line px-3.5 py-2.5 text-sm">
        <summary className="cursor-pointer font-medium">Help</summary>
        <p className="mt-2 text-ink-soft">
          {help.install}{' '}
          <a href={help.link.href} target="_blank" rel="noreferrer" className="rounded text-accent hover:underline">
            {help.link.text}
          </a>
        </p>
        <dl className="mt-2 space-y-2">
          {help.errors.map(({ seen, fix }) => (
            <div key={seen}>
              <dt className="font-medium">{seen}</dt>
              <dd className="text-ink-soft">{fix}</dd>
            </div>
          ))}
        </dl>
      </details>
    </div>
  );
}

function Fields({ connection }: { connection: Connection }) {
  return (
    <dl className="grid grid-cols-[9rem_1fr] gap-y-2 text-sm">
      {fieldKeys.map((key) => (
        <div key={key} className="contents">
          <dt className="text-ink-faint">{key}</dt>
          <dd className="flex min-w-0 items-center gap-1">
            <code className="min-w-0 truncate font-mono text-xs">
              {connection[key] || 'shown only when it is made'}
            </code>
            {connection[key] !== '' && <CopyButton text={connection[key]} label={`Copy ${key}`} />}
          </dd>
        </div>
      ))}
    </dl>
  );
}
