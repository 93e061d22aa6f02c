import { ApiError } from '@molecule/contract/client';
import { expect, it } from 'vitest';
import { buildWorkspace } from './builders.js';
import { changesOf, faultIn, fieldRefused, settingsOf, waitsForRestart } from './settings-change.js';

const writer = buildWorkspace({ id: 'w', name: 'Writer', role: 'Writes', tier: 2, hibernation_idle_minutes: 30 });

it('what was typed and taken back is no change', () => {
  expect(changesOf(writer, {})).toBeNull();
  expect(changesOf(writer, { ...settingsOf(writer), name: 'Writer ' })).toBeNull();
});

it('only the fields that differ are sent, and an emptied one as null', () => {
  expect(changesOf(writer, { role: '', name: 'Author' })).toEqual({ role: null, name: 'Author' });
  expect(changesOf(writer, { idleMinutes: '' })).toEqual({ hibernation_idle_minutes: null });
  expect(changesOf(writer, { idleMinutes: '45', tier: '3' })).toEqual({ hibernation_idle_minutes: 45, tier: 3 });
});

it('a change of the surroundings waits for a restart, one of the words does not', () => {
  expect(waitsForRestart({ name: 'Author', role: null, hibernation_idle_minutes: 5 })).toBe(false);
  expect(waitsForRestart({ workspace_dir: null })).toBe(true);
});

it('texts nobody has to ask the server about are refused here', () => {
  expect(faultIn('name', '  ')).not.toBeNull();
  expect(['', '0', '525600', '1.5', '-1', '525601', 'x'].map((text) => faultIn('idleMinutes', text) === null)).toEqual([
    true,
    true,
    true,
    false,
    false,
    false,
    false,
  ]);
});

it('a refusal of the server is told at its field', () => {
  const refusal = (code: string, error: string, help = '') =>
    new ApiError(400, { error, code, retry: false, help }, null);
  expect(fieldRefused(refusal('invalid_field', 'role contains invalid characters'))).toBe('role');
  expect(fieldRefused(refusal('invalid_workspace_directory', 'invalid workspace directory'))).toBe('workspaceDir');
  expect(fieldRefused(refusal('invalid_request_body', 'bad', 'Field /hibernation_idle_minutes is too big.'))).toBe(
    'idleMinutes',
  );
  expect(fieldRefused(refusal('parent_cycle', 'cycle'))).toBeNull();
});
