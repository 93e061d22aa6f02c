import { useMutation } from '@tanstack/react-query';
import { PackagePlus } from 'lucide-react';
import { useRef } from 'react';
import { toast } from 'sonner';
import { useServices } from '../../app/services-context.js';
import { useDialog, useGo } from '../../app/use-navigation.js';
import { problemOf } from '../../model/problem.js';
import { Button } from '../../ui/button.js';
import { Notice } from '../../ui/notice.js';
import { NoBundleError, readBundle } from './bundle-file.js';

const IMPORT_TIMEOUT_MS = 120_000;

/** Creates the agents of a bundle file, beside the choice of templates. */
export function ImportBundle() {
  const { client } = useServices();
  const dialog = useDialog();
  const go = useGo();
  const input = useRef<HTMLInputElement>(null);
  const run = useMutation({
    mutationFn: async (file: File) => {
      const body = await readBundle(file);
      return (await client.call('importBundle', { body }, { timeoutMs: IMPORT_TIMEOUT_MS })).body;
    },
    onSuccess(created) {
      toast.success(`${created.name} is on its way`);
      dialog.close();
      go.agent(created.workspace_id, 'chat');
    },
  });
  const { error } = run;
  const problem =
    error instanceof NoBundleError
      ? { title: 'This is not a bundle', advice: error.message }
      : error
        ? problemOf(error)
        : null;
  return (
    <div className="mt-4 border-t border-line pt-4">
      <input
        ref={input}
        type="file"
        accept=".json,application/json"
        aria-label="Bundle file"
        className="sr-only"
        tabIndex={-1}
        onChange={(event) => {
          const file = event.target.files?.[0];
          // The same file can be chosen again after it was corrected.
          event.target.value = '';
          if (file) run.mutate(file);
        }}
      />
      <Button icon={PackagePlus} pending={run.isPending} onClick={() => input.current?.click()}>
        Import a bundle file
      </Button>
      {problem && (
        <Notice tone="error" title={problem.title} className="mt-3">
          {problem.advice}
        </Notice>
      )}
    </div>
  );
}
