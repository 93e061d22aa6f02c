// @vitest-environment jsdom
import { cleanup, fireEvent, render, screen } from '@testing-library/react';
import { afterEach, expect, it, vi } from 'vitest';
import { ConfirmDialog } from './confirm-dialog.js';

afterEach(cleanup);

const open = (pending = false) => {
  const on = { confirm: vi.fn(), cancel: vi.fn() };
  render(
    <ConfirmDialog
      open
      title="Delete it?"
      confirmLabel="Delete"
      pending={pending}
      onConfirm={on.confirm}
      onCancel={on.cancel}
    >
      Gone for good.
    </ConfirmDialog>,
  );
  return on;
};

it('starts with the focus on Cancel, and Enter on the dialog confirms nothing', () => {
  const on = open();
  expect(document.activeElement?.textContent).toBe('Cancel');
  for (const target of [document.activeElement, screen.getByRole('alertdialog'), document.body]) {
    if (target) fireEvent.keyDown(target, { key: 'Enter' });
  }
  expect(on.confirm).not.toHaveBeenCalled();
});

it('Esc cancels, pressing the button confirms', () => {
  const on = open();
  fireEvent.click(screen.getByRole('button', { name: 'Delete' }));
  fireEvent.keyDown(screen.getByRole('alertdialog'), { key: 'Escape' });
  expect([on.confirm.mock.calls.length, on.cancel.mock.calls.length]).toEqual([1, 1]);
});

it('cannot be left or confirmed twice while it is at work', () => {
  const on = open(true);
  fireEvent.click(screen.getByRole('button', { name: 'Delete' }));
  fireEvent.keyDown(screen.getByRole('alertdialog'), { key: 'Escape' });
  expect([on.confirm.mock.calls.length, on.cancel.mock.calls.length]).toEqual([0, 0]);
});
