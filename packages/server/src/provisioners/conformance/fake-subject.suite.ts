import { createFakeClock, waitFor } from '@molecule/testkit';
import { createFakeBackend } from '../fake/fake.driver.js';
import type { Provisioner } from '../provisioner.js';
import { createProvisioner } from '../shared-semantics.js';
import type { Subject } from './provisioner.suite.js';

/** `wrap` puts a mutant between the suite and the fake; the truth is still read from the backend. */
export function createFakeSubject(wrap: (provisioner: Provisioner) => Provisioner = (same) => same): Subject {
  const { control, createDriver } = createFakeBackend({ clock: createFakeClock() });
  const create = () => wrap(createProvisioner(createDriver()));
  const provisioner = create();
  return {
    provisioner,
    async restartServer() {
      await provisioner.close();
      return create();
    },
    countRunning: async (workspaceId) => control.countRunning(workspaceId),
    crash: async (workspaceId, output) => control.crash(workspaceId, { output }),
    failNextStart: (output) => control.failNextStart(output),
    hangStarts() {
      control.holdStarts();
      return {
        async reached() {
          await waitFor(() => control.calls.some((call) => call.startsWith('start ')), { what: 'a start' });
        },
      };
    },
    setReachable: (isReachable) => control.setReachable(isReachable),
    readConfig: async (workspaceId, path) => control.files.read(workspaceId, path)?.toString() ?? null,
    writeConfig: async (workspaceId, path, content) => control.files.write(workspaceId, path, Buffer.from(content)),
    plantFile: async (workspaceId, place, path, content) => control.files.write(workspaceId, path, content, place),
    wasAskedToForget: async (workspaceId) => control.countResets(workspaceId) > 0,
    patienceMs: 100,
    cleanup: async () => {},
  };
}
