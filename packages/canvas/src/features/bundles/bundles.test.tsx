// @vitest-environment jsdom
import { cleanup, fireEvent, screen, waitFor } from '@testing-library/react';
import { afterEach, describe, expect, it } from 'vitest';
import { json } from '../../testing/fake-server.js';
import { renderPart } from '../../testing/render-app.js';
import { fileNameOf, listOmitted } from './bundle-file.js';
import { ImportBundle } from './import-bundle.js';

afterEach(cleanup);

const choose = (content: string): void => {
  const file = new File([content], 'team.bundle.json', { type: 'application/json' });
  fireEvent.change(screen.getByLabelText('Bundle file'), { target: { files: [file] } });
};

describe('importing a bundle', () => {
  it('sends what is in the file', async () => {
    const { server } = renderPart(<ImportBundle />, {
      'POST /bundles/import': () => json({ workspace_id: 'w', name: 'Lead', status: 'provisioning' }, 201),
    });
    choose('{"name":"Lead"}');
    await waitFor(() => expect(server.requests).toContain('POST /bundles/import'));
    expect(screen.queryByRole('alert')).toBeNull();
  });

  it('shows every mistake the server found', async () => {
    renderPart(<ImportBundle />, {
      'POST /bundles/import': () =>
        json(
          { error: 'invalid bundle', code: 'invalid_bundle', retry: false, help: 'Lead: tier must be a number.' },
          400,
        ),
    });
    choose('{"name":"Lead"}');
    expect((await screen.findByRole('alert')).textContent).toContain('Lead: tier must be a number.');
  });

  it('asks nobody about a file that is no bundle', async () => {
    const { server } = renderPart(<ImportBundle />, {});
    choose('no json');
    expect((await screen.findByRole('alert')).textContent).toContain('team.bundle.json holds none');
    expect(server.requests).not.toContain('POST /bundles/import');
  });
});

describe('a bundle file', () => {
  it.each([
    ['Lead', 'Lead.bundle.json'],
    ['a/b: c?', 'ab c.bundle.json'],
    ['Büro 7', 'Büro 7.bundle.json'],
    ['///', 'agent.bundle.json'],
  ])('of %s is called %s', (name, expected) => {
    expect(fileNameOf(name)).toBe(expected);
  });

  it('names whoever was left out, on every level', () => {
    const below = { omitted: [{ name: 'Deep' }], sub_workspaces: [] };
    expect(listOmitted({ omitted: [{ name: 'A' }], sub_workspaces: [below] })).toEqual(['A', 'Deep']);
    expect(listOmitted({ sub_workspaces: [] })).toEqual([]);
  });
});
