import { resolve, sep } from 'node:path';

export interface StartFacts {
  readonly publicUrl: string;
  readonly loginLink: string;
  readonly dataDir: string;
  /** Where the embedded Postgres keeps its files; null when the database is somebody else's (DATABASE_URL). */
  readonly databaseDir: string | null;
}

/** What a person reads when the server is up. It names every folder that a backup must hold. */
export function startNote({ publicUrl, loginLink, dataDir, databaseDir }: StartFacts): readonly string[] {
  const elsewhere = databaseDir !== null && !resolve(databaseDir).startsWith(`${resolve(dataDir)}${sep}`);
  return [
    '',
    `  Molecule is running at ${publicUrl}`,
    `  Log in:    ${loginLink}`,
    '             (works once, for 15 minutes; "./molecule login-link" prints another)',
    `  Data:      ${dataDir}`,
    ...(elsewhere
      ? [
          `  Database:  ${databaseDir}`,
          '             (not in the data folder, which its user cannot enter: back up both)',
        ]
      : []),
    '  Stop:      Ctrl-C',
    '',
  ];
}
