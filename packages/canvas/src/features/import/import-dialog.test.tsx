// @vitest-environment jsdom
import type { ImportPlan } from '@molecule/contract';
import { cleanup, fireEvent, screen, waitFor } from '@testing-library/react';
import { afterEach, expect, it } from 'vitest';
import { type Answers, json, refusal } from '../../testing/fake-server.js';
import { renderPart } from '../../testing/render-app.js';
import { ImportDialog } from './import-dialog.js';

afterEach(cleanup);

const plan: ImportPlan = {
  org: 'Starter',
  create: [{ path: 'Lead', name: 'Lead', parent: null, tier: 2, runtime: 'llm', template: '' }],
  keep: [{ path: 'Lead / Writer', name: 'Writer', id: 'w' }],
  missing_env: ['SERP_API_KEY'],
  recommended_missing: [],
};

const answers = (): Answers => {
  let saved = false;
  return {
    'GET /org/templates': () => json([]),
    'GET /settings/secrets': () => json([]),
    'PUT /settings/secrets': ({ url }) => {
      if (url.searchParams.has('dry_run')) return json({ status: 'dry_run', changes: true, would_restart: [] });
      saved = true;
      return json({ status: 'saved', key: 'SERP_API_KEY', scope: 'global', restarts: 0 });
    },
    'POST /org/import': ({ url }) =>
      url.searchParams.get('dry_run') === 'true'
        ? json({ ...plan, missing_env: saved ? [] : plan.missing_env })
        : json(
            {
              org: 'Starter',
              workspaces: [
                { id: 'l', name: 'Lead', tier: 2 },
                { id: 'w', name: 'Writer', tier: 2, skipped: true },
              ],
              count: 2,
            },
            201,
          ),
  };
};

it('holds back until the required key is saved, then imports and follows the agents', async () => {
  const { server } = renderPart(<ImportDialog dir="starter" />, answers());
  expect(await screen.findByText('Creates 1 agent, keeps 1')).toBeTruthy();
  const start = () => screen.getByRole<HTMLButtonElement>('button', { name: 'Create 1 agent' });
  expect(start().disabled).toBe(true);
  fireEvent.change(screen.getByLabelText('Value of SERP_API_KEY'), { target: { value: 'k' } });
  fireEvent.click(screen.getByRole('button', { name: 'Save' }));
  await waitFor(() => expect(start().disabled).toBe(false));
  fireEvent.click(start());
  expect(await screen.findByText('1 new, 1 kept')).toBeTruthy();
  expect(server.requests.filter((request) => request === 'POST /org/import')).toHaveLength(1);
});

it('a plan that cannot be made names file, line and reason', async () => {
  renderPart(<ImportDialog dir="broken" />, {
    ...answers(),
    'POST /org/import': () =>
      json(
        {
          error: 'e',
          code: 'invalid_org_template',
          retry: false,
          problems: [{ file: 'org.yaml', line: 7, reason: 'no name' }],
        },
        400,
      ),
  });
  expect(await screen.findByText('org.yaml:7')).toBeTruthy();
  expect(screen.getByText('no name')).toBeTruthy();
});

it('a refused import says that nothing was created and can be repeated', async () => {
  const { server } = renderPart(<ImportDialog dir="starter" />, {
    ...answers(),
    'POST /org/import': ({ url }) =>
      url.searchParams.get('dry_run') === 'true'
        ? json({ ...plan, missing_env: [] })
        : refusal(503, 'platform_unavailable', 'down'),
  });
  fireEvent.click(await screen.findByRole('button', { name: 'Create 1 agent' }));
  expect((await screen.findByRole('alert')).textContent).toContain('Nothing was created');
  fireEvent.click(screen.getByRole('button', { name: 'Create 1 agent' }));
  await waitFor(() => expect(server.requests.filter((request) => request === 'POST /org/import')).toHaveLength(2));
});
