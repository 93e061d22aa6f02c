/** The embedded Postgres: the only door to this folder. Design: docs/adr, "one real Postgres". */

export { type EmbeddedPostgres, type EmbeddedPostgresOptions, startEmbeddedPostgres } from './embedded-postgres.js';
export { type PostgresStartCode, PostgresStartError } from './errors.js';
