/** What a runtime needs besides our own bundle: one program, from one exact version of one package. */
export interface RuntimePackage {
  readonly runtime: string;
  readonly package: string;
  /** Exact. Another version is another folder, so an upgrade never changes a program under a running agent. */
  readonly version: string;
  /** The name under which operators know the program. */
  readonly program: string;
  /** Where it may lie below `node_modules`, best first. JavaScript is run by the Node that runs the server. */
  readonly places: readonly string[];
  readonly downloadMb: number;
  readonly diskMb: number;
  /** Major version of Node it needs; a native program needs none of its own. */
  readonly minNode: number;
  /** Below this it does not start at all, whatever the tier of its workspace allows. */
  readonly memoryFloorMb: number;
}

/**
 * Both packages bring native programs as optional packages per platform and work without their install scripts: those of
 * claude-code only copy the program to another place. So no code of a package runs before its version was asked.
 */
export function createRuntimePackages(platform: string, arch: string): readonly RuntimePackage[] {
  return [
    {
      runtime: 'claude-code',
      package: '@anthropic-ai/claude-code',
      version: '2.1.329',
      program: 'claude',
      places: [`@anthropic-ai/claude-code-${platform}-${arch}/claude`],
      downloadMb: 166,
      diskMb: 365,
      minNode: 20,
      // With less than about 1.5 GiB of data segment its engine may abort before it does anything.
      memoryFloorMb: 2_048,
    },
    {
      runtime: 'codex',
      package: '@openai/codex',
      version: '0.169.0',
      program: 'codex',
      places: ['@openai/codex/bin/codex.js'],
      downloadMb: 160,
      diskMb: 405,
      minNode: 20,
      memoryFloorMb: 512,
    },
  ];
}
