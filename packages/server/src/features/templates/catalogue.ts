import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Template, TemplateProblem } from '@molecule/contract';
import { findRealPathInside } from '../../platform/inside-root.js';
import type { Logger } from '../../platform/logger.js';
import { parseTemplateConfig, type TemplateConfig } from './template-config.js';
import { CONFIG_FILE, type FolderFile, listFolderFiles } from './template-folder.js';

export interface StoredTemplate {
  readonly id: string;
  readonly config: TemplateConfig;
  readonly files: readonly FolderFile[];
}

export interface Catalogue {
  /** Usable templates by id. Looks at the folders again, so a template that was just copied in is there. */
  list(): readonly StoredTemplate[];
  find(id: string): StoredTemplate | null;
  problems(): readonly TemplateProblem[];
  /** The usable templates of the last look, without another: for callers in a loop over all workspaces. */
  known(): readonly StoredTemplate[];
}

type Reading =
  | { readonly kind: 'usable'; readonly template: StoredTemplate }
  | { readonly kind: 'broken'; readonly problems: readonly TemplateProblem[] };

interface Entry {
  readonly reading: Reading;
  /** Path, size and time of every file: equal means nothing to read again. Null for what is always read again. */
  readonly fingerprint: string | null;
}

/**
 * The workspace templates of several folders; on equal names the later folder wins. A template is a folder with a
 * config.yaml (contract lifecycle §21.1). A broken one is left out and reported, in the log once per change (R29).
 */
export function createCatalogue(deps: { readonly logger: Logger; readonly folders: readonly string[] }): Catalogue {
  let entries: ReadonlyMap<string, Entry> | null = null;

  function refresh(): ReadonlyMap<string, Entry> {
    const next = new Map<string, Entry>();
    for (const folder of deps.folders) {
      for (const id of listSubfolders(folder)) {
        const entry = readEntry(folder, id, entries);
        if (entry) next.set(join(folder, id), entry);
      }
    }
    for (const [path, entry] of next) {
      if (entry.reading.kind === 'usable' || sameProblems(entries?.get(path)?.reading, entry.reading)) continue;
      for (const { id, file, line, reason } of entry.reading.problems) {
        deps.logger.warn({ template: id, folder: path, file, line, reason }, 'workspace template cannot be used');
      }
    }
    entries = next;
    return next;
  }

  /** A broken template of a later folder hides an equally named one of an earlier: falling back would start another agent. */
  const byId = (found: ReadonlyMap<string, Entry>): Map<string, Reading> =>
    new Map(
      [...found.values()].map(({ reading }) => [
        reading.kind === 'usable' ? reading.template.id : (reading.problems[0]?.id ?? ''),
        reading,
      ]),
    );
  const usable = (found: ReadonlyMap<string, Entry>): StoredTemplate[] =>
    [...byId(found).values()]
      .flatMap((reading) => (reading.kind === 'usable' ? [reading.template] : []))
      .sort((a, b) => (a.id < b.id ? -1 : 1));

  return {
    list: () => usable(refresh()),
    find(id) {
      const reading = byId(refresh()).get(id);
      return reading?.kind === 'usable' ? reading.template : null;
    },
    problems: () =>
      [...byId(refresh()).values()].flatMap((reading) => (reading.kind === 'broken' ? reading.problems : [])),
    known: () => usable(entries ?? refresh()),
  };
}

/** The wire form of a template. */
export function toListed({ id, config }: StoredTemplate): Template {
  return { id, ...config };
}

function readEntry(folder: string, id: string, before: ReadonlyMap<string, Entry> | null): Entry | null {
  const broken = (file: string, fault: { line?: number; column?: number; reason: string }): Entry => ({
    reading: { kind: 'broken', problems: [{ id, file, ...fault }] },
    fingerprint: null,
  });
  const path = findRealPathInside(folder, join(folder, id));
  if (path === null) return broken('.', { reason: 'the folder is a link that leads outside the templates folder' });
  try {
    const listing = listFolderFiles(path);
    if ('fault' in listing) return broken(listing.fault.file, { reason: listing.fault.reason });
    const { files } = listing;
    const configFile = files.find((file) => file.path === CONFIG_FILE);
    if (!configFile) return null;
    const fingerprint = files.map((file) => `${file.path}\0${file.bytes}\0${file.changedMs}`).join('\n');
    const known = before?.get(join(folder, id));
    if (known?.fingerprint === fingerprint) return known;
    const parsed = parseTemplateConfig(readFileSync(configFile.realPath, 'utf8'));
    if ('config' in parsed) {
      return { reading: { kind: 'usable', template: { id, config: parsed.config, files } }, fingerprint };
    }
    return {
      reading: { kind: 'broken', problems: parsed.faults.map((fault) => ({ id, file: CONFIG_FILE, ...fault })) },
      fingerprint,
    };
  } catch (error) {
    // A file may vanish or be forbidden between listing and reading.
    if (error instanceof Error && 'code' in error)
      return broken('.', { reason: `cannot be read (${String(error.code)})` });
    throw error;
  }
}

/** Folders and links directly inside `folder`; none when it is not there or not readable (contract lifecycle §5.1). */
function listSubfolders(folder: string): string[] {
  try {
    return readdirSync(folder, { withFileTypes: true })
      .filter((entry) => !entry.name.startsWith('.') && (entry.isDirectory() || entry.isSymbolicLink()))
      .map((entry) => entry.name)
      .sort();
  } catch (error) {
    if (error instanceof Error && 'code' in error) return [];
    throw error;
  }
}

function sameProblems(before: Reading | undefined, now: Reading): boolean {
  return before?.kind === 'broken' && now.kind === 'broken' && JSON.stringify(before) === JSON.stringify(now);
}
