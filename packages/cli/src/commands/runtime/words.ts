import type { InstallableRuntime } from '@molecule/contract';

/** What is there of a runtime, and what a person may want to know about it. */
export function stateOf(found: InstallableRuntime): string {
  switch (found.state) {
    case 'installed':
      return 'installed';
    case 'installing':
      return found.note ?? 'is being installed';
    case 'from_path':
      return 'a program in PATH serves';
    case 'missing':
      return `not installed; about ${found.download_mb} MB to download`;
  }
}

/** Every version on disk with its size. */
export function sizesOf({ versions }: InstallableRuntime): string {
  return versions.map(({ version, bytes }) => `${version} (${Math.round(bytes / 1_048_576)} MB)`).join(', ') || '-';
}
