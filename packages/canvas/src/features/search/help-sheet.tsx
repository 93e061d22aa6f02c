import { type Shortcut, shortcuts } from '../../app/keymap.js';
import { useDialog } from '../../app/use-navigation.js';
import { Dialog } from '../../ui/dialog.js';
import { Kbd } from '../../ui/kbd.js';

const extra: readonly Shortcut[] = [
  { keys: '←', label: 'Walk to the next card with the arrow keys', group: 'Canvas' },
  { keys: 'Alt+←', label: 'Move the focused card', group: 'Canvas' },
  { keys: 'Enter', label: 'Open the focused card', group: 'Canvas' },
  { keys: 'Shift+F10', label: 'Show the actions of the focused card', group: 'Canvas' },
];

export function HelpSheet() {
  const dialog = useDialog();
  const all = [...Object.values(shortcuts), ...extra];
  const groups = ['Everywhere', 'Canvas', 'Selected agent'] as const;
  return (
    <Dialog open onClose={dialog.close} title="Keyboard shortcuts" width="wide" reading>
      <div className="grid gap-x-10 gap-y-6 sm:grid-cols-2">
        {groups.map((group) => (
          <section key={group}>
            <h3 className="mb-1.5 text-xs font-medium text-ink-faint">{group}</h3>
            <dl>
              {all
                .filter((shortcut) => shortcut.group === group)
                .map((shortcut) => (
                  <div
                    key={shortcut.keys}
                    className="flex items-center justify-between gap-4 border-b border-line py-1.5 last:border-b-0"
                  >
                    <dt className="text-sm">{shortcut.label}</dt>
                    <dd>
                      <Kbd keys={shortcut.keys} />
                    </dd>
                  </div>
                ))}
            </dl>
          </section>
        ))}
      </div>
    </Dialog>
  );
}
