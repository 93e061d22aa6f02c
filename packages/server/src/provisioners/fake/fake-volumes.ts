import type { FilePlace } from '../files.js';

/** The disks of the fake machine: what lies in the folders of each workspace. They outlive instances. */
export interface FakeVolumes {
  read(workspaceId: string, path: string, place?: FilePlace): Buffer | null;
  write(workspaceId: string, path: string, content: Buffer, place?: FilePlace): void;
  remove(workspaceId: string, path: string): void;
  /** Paths in the configuration folder, sorted, without hidden files. */
  list(workspaceId: string): readonly string[];
  exists(workspaceId: string): boolean;
  ids(): readonly string[];
  /** Paths of all files of one place. */
  paths(workspaceId: string, place: FilePlace): readonly string[];
  destroy(workspaceId: string): void;
}

export function createFakeVolumes(): FakeVolumes {
  const volumes = new Map<string, Map<string, Buffer>>();
  /** Plugins lie in the configuration, as the runtime reads them there. */
  const keyOf = (path: string, place: FilePlace): string =>
    place === 'plugins' ? `configs/plugins/${path}` : `${place}/${path}`;

  return {
    read: (workspaceId, path, place = 'configs') => volumes.get(workspaceId)?.get(keyOf(path, place)) ?? null,
    write(workspaceId, path, content, place = 'configs') {
      const volume = volumes.get(workspaceId) ?? new Map<string, Buffer>();
      volumes.set(workspaceId, volume.set(keyOf(path, place), content));
    },
    remove(workspaceId, path) {
      volumes.get(workspaceId)?.delete(keyOf(path, 'configs'));
    },
    list: (workspaceId) =>
      [...(volumes.get(workspaceId)?.keys() ?? [])]
        .filter((key) => key.startsWith('configs/') && !key.startsWith('configs/.'))
        .map((key) => key.slice('configs/'.length))
        .sort(),
    exists: (workspaceId) => volumes.has(workspaceId),
    ids: () => [...volumes.keys()],
    paths(workspaceId, place) {
      const prefix = keyOf('', place);
      const keys = [...(volumes.get(workspaceId)?.keys() ?? [])];
      return keys.filter((key) => key.startsWith(prefix)).map((key) => key.slice(prefix.length));
    },
    destroy(workspaceId) {
      volumes.delete(workspaceId);
    },
  };
}
