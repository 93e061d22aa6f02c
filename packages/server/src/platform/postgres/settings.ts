/**
 * Settings of the embedded Postgres, given on its command line at every start, so that a newer release of ours changes
 * them for existing databases too. `overrides` win (a test turns fsync off).
 */
export function toPostgresFlags(port: number, overrides: Readonly<Record<string, string>>): string[] {
  const settings = { ...SETTINGS, port: String(port), ...overrides };
  return Object.entries(settings).flatMap(([name, value]) => ['-c', `${name}=${value}`]);
}

const SETTINGS: Readonly<Record<string, string>> = {
  listen_addresses: '127.0.0.1',
  // No socket file: its path has a length limit that a deep data directory exceeds, and the password guards TCP.
  unix_socket_directories: '',
  // The pool's lanes take 14; the rest is for psql, a backup and a second process that is being replaced.
  max_connections: '60',
  superuser_reserved_connections: '3',
  // A laptop runs this beside its agents: small caches, and no worker processes that only large queries would use.
  shared_buffers: '64MB',
  work_mem: '4MB',
  maintenance_work_mem: '32MB',
  max_wal_size: '512MB',
  io_method: 'sync',
  jit: 'off',
  max_parallel_workers_per_gather: '0',
  max_worker_processes: '4',
  autovacuum_max_workers: '2',
  max_wal_senders: '0',
  max_replication_slots: '0',
  // Times are stored as instants; a fixed zone keeps what logs and psql print the same on every machine.
  timezone: 'UTC',
  log_timezone: 'UTC',
  // The log is appended to one file: no statements (they hold what users wrote), no checkpoint chatter.
  log_checkpoints: 'off',
  log_min_error_statement: 'panic',
  log_error_verbosity: 'terse',
};
