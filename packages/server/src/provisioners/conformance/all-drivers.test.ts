import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { KNOWN_PROVISIONERS } from '../provisioner.js';
import { createExternalSubject } from './external-subject.suite.js';
import { createFakeSubject } from './fake-subject.suite.js';
import { FILE_CLAUSES } from './files.clauses.suite.js';
import { createProcessSubject } from './process-subject.suite.js';
import { CLAUSES, type Subject } from './provisioner.suite.js';

interface Candidate {
  readonly create: () => Promise<Subject>;
  /** Decides which clauses apply; the first test holds the driver to it. */
  readonly runsInstances: boolean;
  readonly keepsFiles: boolean;
}

const CANDIDATES: Record<string, Candidate> = {
  process: { create: createProcessSubject, runsInstances: true, keepsFiles: true },
  external: { create: async () => createExternalSubject(), runsInstances: false, keepsFiles: false },
  // Used by feature tests in place of a real one, so it is held to the same contract.
  fake: { create: async () => createFakeSubject(), runsInstances: true, keepsFiles: true },
};

it('every known provisioner runs the conformance suite', () => {
  expect(Object.keys(CANDIDATES).sort()).toEqual([...KNOWN_PROVISIONERS, 'fake'].sort());
});

for (const [kind, { create, runsInstances, keepsFiles }] of Object.entries(CANDIDATES)) {
  describe(`the ${kind} provisioner`, () => {
    let subject: Subject;
    beforeEach(async () => {
      subject = await create();
    });
    afterEach(() => subject.cleanup());

    it('says what it is', () => {
      expect(subject.provisioner.kind).toBe(kind);
      expect(subject.provisioner.capabilities.runsInstances).toBe(runsInstances);
      expect(subject.provisioner.files !== null).toBe(keepsFiles);
    });

    const applies = { all: true, running: runsInstances, files: keepsFiles };
    for (const clause of [...CLAUSES, ...FILE_CLAUSES].filter(({ appliesTo }) => applies[appliesTo])) {
      it(clause.guarantee, () => clause.check(subject));
    }
  });
}
