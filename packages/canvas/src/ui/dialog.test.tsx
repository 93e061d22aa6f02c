// @vitest-environment jsdom
import { cleanup, fireEvent, render, screen, waitFor } from '@testing-library/react';
import { Tooltip } from 'radix-ui';
import { useState } from 'react';
import { afterEach, expect, it } from 'vitest';
import { Dialog } from './dialog.js';

afterEach(cleanup);

function Page() {
  const [open, setOpen] = useState(false);
  return (
    <Tooltip.Provider>
      <button type="button" onClick={() => setOpen(true)}>
        Settings
      </button>
      {open && (
        <Dialog open onClose={() => setOpen(false)} title="Settings">
          <input aria-label="Key" />
        </Dialog>
      )}
    </Tooltip.Provider>
  );
}

it('Esc gives the focus back to what opened the dialog', async () => {
  render(<Page />);
  const opener = screen.getByRole('button', { name: 'Settings' });
  opener.focus();
  fireEvent.click(opener);
  const dialog = screen.getByRole('dialog');
  expect(dialog.contains(document.activeElement)).toBe(true);
  fireEvent.keyDown(dialog, { key: 'Escape' });
  await waitFor(() => expect(document.activeElement).toBe(opener));
});
