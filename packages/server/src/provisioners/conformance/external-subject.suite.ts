import { createFakeClock } from '@molecule/testkit';
import { createExternalDriver } from '../external/external.driver.js';
import { createProvisioner } from '../shared-semantics.js';
import type { Subject } from './provisioner.suite.js';

/** Nothing runs and nothing can be hurt: the clauses that would need it apply to running backends only. */
export function createExternalSubject(): Subject {
  const create = () => createProvisioner(createExternalDriver({ clock: createFakeClock() }));
  const notApplicable = () => {
    throw new Error('External agents are not run by the server.');
  };
  return {
    provisioner: create(),
    restartServer: async () => create(),
    countRunning: async () => 0,
    crash: notApplicable,
    failNextStart: notApplicable,
    hangStarts: notApplicable,
    setReachable: notApplicable,
    readConfig: notApplicable,
    writeConfig: notApplicable,
    plantFile: notApplicable,
    wasAskedToForget: notApplicable,
    patienceMs: 100,
    cleanup: async () => {},
  };
}
