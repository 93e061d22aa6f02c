import type { Workspace } from '@molecule/contract';
import { PackageOpen } from 'lucide-react';
import { toast } from 'sonner';
import { useServices } from '../../app/services-context.js';
import { problemOf } from '../../model/problem.js';
import { MenuItem } from '../../ui/menu.js';
import { listOmitted, saveBundle } from './bundle-file.js';

/** Reading every file of a large team takes its time. */
const EXPORT_TIMEOUT_MS = 120_000;

/** Saves an agent with everything below it as a file. The menu is gone when the file comes, so toasts tell of it. */
export function ExportItem({ agent }: { agent: Workspace }) {
  const { client } = useServices();
  const run = () =>
    client.call('exportBundle', { params: { id: agent.id } }, { timeoutMs: EXPORT_TIMEOUT_MS }).then(
      ({ body }) => {
        const name = saveBundle(body);
        const omitted = listOmitted(body);
        if (omitted.length === 0) toast.success(`Saved ${name}`, { description: 'Without secrets and memory.' });
        else toast.warning(`Saved ${name} without ${omitted.join(', ')}`, { description: 'They could not be read.' });
      },
      (error: unknown) => {
        const { title, advice } = problemOf(error);
        toast.error(title, { description: advice });
      },
    );
  return (
    <MenuItem icon={PackageOpen} onSelect={run}>
      Export as bundle
    </MenuItem>
  );
}
