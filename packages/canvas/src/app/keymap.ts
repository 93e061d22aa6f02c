/**
 * Keys of the app in one place: the dispatcher, the help sheet and the labels in menus read the same list. Dialogs
 * and text fields keep their own keys; while one of them has the focus only chords with a modifier act here.
 */
export interface Shortcut {
  readonly keys: string;
  readonly label: string;
  readonly group: 'Everywhere' | 'Canvas' | 'Selected agent';
}

export const shortcuts = {
  palette: { keys: 'Mod+K', label: 'Search agents and commands', group: 'Everywhere' },
  help: { keys: '?', label: 'Keyboard shortcuts', group: 'Everywhere' },
  settings: { keys: 'Mod+,', label: 'Settings and model keys', group: 'Everywhere' },
  goCanvas: { keys: 'g then c', label: 'Go to the canvas', group: 'Everywhere' },
  goAgents: { keys: 'g then a', label: 'Go to the list of agents', group: 'Everywhere' },
  goDelegations: { keys: 'g then w', label: 'Go to the work that agents do for each other', group: 'Everywhere' },
  create: { keys: 'n', label: 'Add an agent', group: 'Everywhere' },
  import: { keys: 'i', label: 'Import a team', group: 'Everywhere' },
  fit: { keys: 'f', label: 'Fit everything into view', group: 'Canvas' },
  tidy: { keys: 'Shift+T', label: 'Tidy up the layout', group: 'Canvas' },
  undo: { keys: 'Mod+Z', label: 'Undo the last move', group: 'Canvas' },
  problem: { keys: 'p', label: 'Go to the next problem', group: 'Canvas' },
  next: { keys: ']', label: 'Next agent', group: 'Selected agent' },
  previous: { keys: '[', label: 'Previous agent', group: 'Selected agent' },
  chat: { keys: 'c', label: 'Write to the agent', group: 'Selected agent' },
  activity: { keys: 'a', label: 'Show its activity', group: 'Selected agent' },
  comms: { keys: 'g then m', label: 'Show what it says to other agents', group: 'Selected agent' },
  details: { keys: 'g then d', label: 'Show its details', group: 'Selected agent' },
  secrets: { keys: 'g then s', label: 'Show its secrets and its model', group: 'Selected agent' },
  files: { keys: 'g then f', label: 'Show its files', group: 'Selected agent' },
  config: { keys: 'g then o', label: 'Show its configuration', group: 'Selected agent' },
  close: { keys: 'Esc', label: 'Close the panel', group: 'Selected agent' },
} as const satisfies Record<string, Shortcut>;

export type ShortcutName = keyof typeof shortcuts;

interface Press {
  readonly key: string;
  readonly metaKey: boolean;
  readonly ctrlKey: boolean;
  readonly altKey: boolean;
  readonly shiftKey: boolean;
}

/** Where the focus is: `text` takes letters, `layer` (a dialog or menu) keeps everything to itself. */
export type Focus = 'page' | 'text' | 'layer';

/** Which shortcut a key press means. `prefix` is the first half of a chord such as "g then a". */
export function matchShortcut(press: Press, prefix: string | null, focus: Focus): ShortcutName | null {
  if (focus === 'layer') return null;
  for (const [name, shortcut] of Object.entries(shortcuts) as [ShortcutName, Shortcut][]) {
    if (matches(shortcut.keys, press, prefix, focus)) return name;
  }
  return null;
}

export function isPrefix(press: Press, focus: Focus): boolean {
  return focus === 'page' && press.key === 'g' && !press.metaKey && !press.ctrlKey && !press.altKey;
}

function matches(keys: string, press: Press, prefix: string | null, focus: Focus): boolean {
  const [first = '', second] = keys.split(' then ');
  if (second !== undefined) return focus === 'page' && prefix === first && press.key === second && !hasModifier(press);
  if (prefix !== null) return false;
  const key = first.replace(/^(Mod|Shift)\+/, '');
  if (first.startsWith('Mod+')) {
    // Undo inside a text field belongs to the field.
    if (focus === 'text' && key === 'Z') return false;
    return (press.metaKey || press.ctrlKey) && !press.altKey && !press.shiftKey && press.key.toUpperCase() === key;
  }
  if (focus !== 'page' || hasModifier(press)) return false;
  if (key === 'Esc') return press.key === 'Escape';
  return first.startsWith('Shift+') ? press.key === key : press.key === key && (key === '?' || !press.shiftKey);
}

function hasModifier(press: Press): boolean {
  return press.metaKey || press.ctrlKey || press.altKey;
}
