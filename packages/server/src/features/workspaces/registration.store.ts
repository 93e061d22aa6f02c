import type { Status } from '@molecule/contract';
import { sql } from 'kysely';
import type { Db, Tx } from '../../platform/db.js';
import { toStorableJson } from '../../platform/storable-json.js';
import type { WorkspaceSpec } from './workspaces.types.js';

/** What decides over a registration. */
export interface Registrant {
  readonly id: string;
  readonly status: Status;
  readonly generation: number;
  readonly backend: string;
  readonly url: string | null;
  readonly deliveryMode: 'push' | 'poll' | null;
  readonly mayBootstrap: boolean;
}

function registrants(db: Db | Tx, id: string) {
  return db
    .selectFrom('workspaces')
    .select([
      'id',
      'status',
      'generation',
      'backend',
      'url',
      'delivery_mode as deliveryMode',
      'may_bootstrap as mayBootstrap',
    ])
    .where('id', '=', id);
}

export async function findRegistrant(db: Db, id: string): Promise<Registrant | null> {
  return (await registrants(db, id).executeTakeFirst()) ?? null;
}

/** Holds the row to the end of the transaction, so that of two first registrations only one gets a token. */
export async function lockRegistrant(tx: Tx, id: string): Promise<Registrant | null> {
  return (await registrants(tx, id).forUpdate().executeTakeFirst()) ?? null;
}

const SELF_REGISTERED_SPEC: WorkspaceSpec = {
  runtime: 'external',
  template: null,
  model: null,
  tier: 3,
  workspace_dir: null,
  workspace_access: 'none',
  max_concurrent_tasks: 1,
};

/** A row for an agent that nobody created (development mode): a root, run by somebody else, named after its id. */
export async function insertSelfRegistered(tx: Tx, id: string): Promise<void> {
  await sql`
    with added as (
      insert into workspaces (id, name, awareness_namespace, spec, backend, status)
      values (${id}, ${id}, ${`workspace:${id}`}, ${JSON.stringify(SELF_REGISTERED_SPEC)}::jsonb, 'external',
              'awaiting_agent')
      on conflict (id) do nothing
      returning id
    ), alive as (
      insert into workspace_liveness (workspace_id) select id from added
    )
    insert into canvas_layouts (workspace_id) select id from added`.execute(tx);
}

export interface Registration {
  readonly agentCard: Readonly<Record<string, unknown>>;
  /** Undefined keeps what is stored: the address of a managed agent is its driver's business. */
  readonly url: string | null | undefined;
  /** Null keeps what is stored. */
  readonly deliveryMode: 'push' | 'poll' | null;
  readonly inboundSecretCandidate: string;
}

/** Writes what an agent announced about itself, and that it is alive. The status is not among it. */
export async function writeRegistration(
  tx: Tx,
  id: string,
  registration: Registration,
): Promise<{ url: string | null; deliveryMode: 'push' | 'poll' | null; inboundSecret: string }> {
  const { url } = registration;
  // A failed start loses its address. The driver of a managed instance knows it still when the agent comes up late.
  const address =
    url === undefined
      ? sql`coalesce(url, case when instance_state = 'running' then instance ->> 'url' end)`
      : sql`${url}::text`;
  const from = url === undefined ? sql`url_from` : sql`case when ${url}::text is null then 'none' else 'agent' end`;
  const { rows } = await sql<{ url: string | null; deliveryMode: 'push' | 'poll' | null; inboundSecret: string }>`
    with alive as (
      insert into workspace_liveness (workspace_id, last_heartbeat_at) values (${id}, now())
      on conflict (workspace_id) do update set last_heartbeat_at = excluded.last_heartbeat_at
    )
    update workspaces
       set agent_card = ${toStorableJson(registration.agentCard)}::jsonb,
           url = ${address},
           url_from = ${from},
           delivery_mode = coalesce(${registration.deliveryMode}, delivery_mode),
           platform_inbound_secret = coalesce(platform_inbound_secret, ${registration.inboundSecretCandidate}),
           updated_at = now()
     where id = ${id}
    returning url, delivery_mode as "deliveryMode", platform_inbound_secret as "inboundSecret"`.execute(tx);
  const [row] = rows;
  if (!row) throw new Error(`workspace ${id} vanished while its row was locked`);
  return row;
}

export async function writeAgentCard(tx: Tx, id: string, card: Readonly<Record<string, unknown>>): Promise<void> {
  await tx
    .updateTable('workspaces')
    .set({ agent_card: toStorableJson(card), updated_at: sql<Date>`now()` })
    .where('id', '=', id)
    .execute();
}

/** The program that drives an agent, as the agent names it. */
export interface Program {
  /** Undefined keeps what is stored. */
  readonly demo: boolean | undefined;
  /** Undefined keeps what is stored; null says that there is none. */
  readonly model: string | null | undefined;
}

/**
 * Writes what drives an agent and answers with what the list of workspaces shows of it from now on; null when that is
 * what it showed before. Call after `writeRegistration`, which makes the row.
 */
export async function writeProgram(
  tx: Tx,
  id: string,
  program: Program,
): Promise<{ readonly demo: boolean; readonly model: string | null } | null> {
  const given = toStorableJson({ demo: program.demo, model: program.model === null ? '' : program.model });
  const { rows } = await sql<{ demo: boolean; model: string | null }>`
    with before as (
      select l.demo, coalesce(l.model, w.spec ->> 'model') as model, w.spec ->> 'model' as wanted
        from workspace_liveness as l
        join workspaces as w on w.id = l.workspace_id
       where l.workspace_id = ${id}
    ), written as (
      update workspace_liveness as l
         set demo = coalesce(g.demo, l.demo),
             model = nullif(coalesce(g.model, l.model), '')
        from jsonb_to_record(${given}::jsonb) as g(demo boolean, model text)
       where l.workspace_id = ${id}
      returning l.demo, l.model
    )
    select written.demo, coalesce(written.model, before.wanted) as model
      from written, before
     where (written.demo, coalesce(written.model, before.wanted)) is distinct from (before.demo, before.model)`.execute(
    tx,
  );
  return rows[0] ?? null;
}
