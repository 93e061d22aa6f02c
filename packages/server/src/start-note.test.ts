import { describe, expect, it } from 'vitest';
import { startNote } from './start-note.js';

const facts = {
  publicUrl: 'http://127.0.0.1:8080',
  loginLink: 'http://127.0.0.1:8080/login/abc',
  dataDir: '/srv/molecule',
};
const linesOf = (databaseDir: string | null) => startNote({ ...facts, databaseDir }).join('\n');

describe('what the server prints when it is up', () => {
  it('names the database when it lies outside the data directory, so that a backup holds both', () => {
    expect(linesOf('/var/lib/molecule/pg-Ab12')).toMatch(
      /Data: +\/srv\/molecule\n.*Database: +\/var\/lib\/molecule\/pg-Ab12/,
    );
  });

  it('is not fooled by a folder whose name only begins the same', () => {
    expect(linesOf('/srv/molecule-2/pg-Ab12')).toContain('Database:');
  });

  it.each(['/srv/molecule/pg/data', '/srv/molecule/pg-Ab12', null])('says nothing of a database at %s', (directory) => {
    expect(linesOf(directory)).not.toContain('Database:');
  });
});
