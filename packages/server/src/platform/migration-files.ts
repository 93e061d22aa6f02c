import { createHash } from 'node:crypto';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';

export interface MigrationFile {
  readonly filename: string;
  readonly number: number;
  readonly sql: string;
  /** Of the text with LF line ends, so that a checkout with CRLF is not an edit. */
  readonly checksum: string;
}

export interface AppliedMigration {
  readonly filename: string;
  readonly checksum: string;
}

/** The migrations cannot be applied as they are. The message names the file and the remedy; retrying does not help. */
export class MigrationError extends Error {
  override readonly name = 'MigrationError';
}

const FILENAME = /^(\d{4})_[a-z0-9]+(?:_[a-z0-9]+)*\.sql$/;

/** Reads and orders `NNNN_slug.sql`. Throws MigrationError for another name or a number used twice. */
export async function readMigrations(folder: string): Promise<MigrationFile[]> {
  const filenames = (await readdir(folder)).filter((name) => name.endsWith('.sql')).sort();
  const files: MigrationFile[] = [];
  for (const filename of filenames) {
    const number = FILENAME.exec(filename)?.[1];
    if (number === undefined) {
      throw new MigrationError(`cannot use migration ${filename}: name it NNNN_slug.sql, lower case with underscores`);
    }
    const twin = files.find((file) => file.number === Number(number));
    if (twin !== undefined) {
      throw new MigrationError(
        `cannot order migrations ${twin.filename} and ${filename}: both have number ${number}. Renumber the newer one`,
      );
    }
    const sql = (await readFile(join(folder, filename), 'utf8')).replaceAll('\r\n', '\n');
    files.push({ filename, number: Number(number), sql, checksum: createHash('sha256').update(sql).digest('hex') });
  }
  return files;
}

/**
 * Which files are still to be applied, in order. Throws MigrationError when history and files contradict each other.
 * Applied files above our highest number belong to a newer release and are fine: schemas only ever expand, so the
 * previous release runs on them.
 */
export function planMigrations(files: readonly MigrationFile[], applied: readonly AppliedMigration[]): MigrationFile[] {
  const checksums = new Map(applied.map((row) => [row.filename, row.checksum]));
  const highestApplied =
    applied
      .map((row) => row.filename)
      .sort()
      .at(-1) ?? '';
  const highestFile = files.at(-1)?.filename ?? '';

  for (const { filename } of applied) {
    if (filename <= highestFile && !files.some((file) => file.filename === filename)) {
      throw new MigrationError(
        `migration ${filename} was applied to this database but its file is missing. Restore it; to undo it, add a new one`,
      );
    }
  }
  for (const file of files) {
    const checksum = checksums.get(file.filename);
    if (checksum !== undefined && checksum !== file.checksum) {
      throw new MigrationError(
        `migration ${file.filename} was edited after it was applied. Restore the file and put the change into a new one`,
      );
    }
    if (checksum === undefined && file.filename < highestApplied) {
      throw new MigrationError(
        `migration ${file.filename} comes before ${highestApplied}, which is already applied. Give it the next free number`,
      );
    }
  }
  return files.filter((file) => !checksums.has(file.filename));
}
