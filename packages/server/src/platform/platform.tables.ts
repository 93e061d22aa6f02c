import type { ColumnType, Generated } from 'kysely';

/** A timestamptz: read as Date, written as Date or left to the database's clock. */
export type Timestamp = ColumnType<Date, Date | undefined, Date>;
export type NullableTimestamp = ColumnType<Date | null, Date | null | undefined, Date | null>;
/** A jsonb column: read as a parsed value of unknown shape, written as JSON text. */
export type JsonColumn<T = unknown> = ColumnType<T, string, string>;
export type NullableJsonColumn<T = unknown> = ColumnType<T | null, string | null | undefined, string | null>;

export interface PlatformTables {
  settings: { key: string; value: JsonColumn; updated_at: Timestamp };
  server_hosts: { id: string; name: string; started_at: Timestamp; seen_at: Timestamp };
  events: { seq: number; type: string; workspace_id: string | null; payload: JsonColumn; at: Timestamp };
  event_counter: { only_row: Generated<boolean>; last_seq: number };
}
