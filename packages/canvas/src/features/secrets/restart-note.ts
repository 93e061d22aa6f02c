import { toast } from 'sonner';

/** Says what a change of a key did to the running agents, as the server counted them. */
export function restartNote(restarts: number): string {
  if (restarts === 0) return 'No agent had to start again.';
  return restarts === 1 ? 'One agent starts again with it.' : `${restarts} agents start again with it.`;
}

export function tellSaved(name: string, restarts: number): void {
  toast.success(`Saved ${name}`, { description: restartNote(restarts) });
}
