import { waitFor } from '@molecule/testkit';
import type { Page } from 'playwright-core';
import { card, conversation, openTab, write } from './canvas.js';
import type { Product } from './product.js';

/** A state of the canvas worth looking at. */
export interface Screen {
  readonly name: string;
  /** Leads there from the screen before it; resolves when everything on it is in place. */
  show(page: Page, product: Product): Promise<void>;
}

/** The tour in its order. It may be taken again: whatever it creates is kept, whatever it needs empty is emptied. */
export const screens: readonly Screen[] = [
  {
    name: 'empty canvas',
    async show(page, { client }) {
      for (const { id, parent_id } of (await client.call('listWorkspaces', {})).body) {
        if (parent_id === null) await client.call('deleteWorkspace', { params: { id }, query: { confirm: true } });
      }
      await page.goto(new URL('/app/', page.url()).href);
      await page.getByRole('button', { name: /^Starter team/ }).waitFor();
    },
  },
  {
    name: 'import plan',
    async show(page) {
      await page.getByRole('button', { name: /^Starter team/ }).click();
      await page.getByRole('heading', { name: 'Creates 3 agents' }).waitFor();
    },
  },
  {
    name: 'team online',
    async show(page, { client }) {
      await page.getByRole('button', { name: 'Create 3 agents' }).click();
      await page.getByRole('status').filter({ hasText: '3 of 3 online' }).waitFor();
      await page.getByRole('dialog').getByRole('button', { name: 'Close' }).last().click();
      await card(page, 'Lead').waitFor();
      await waitFor(async () => (await client.call('listWorkspaces', {})).body.every(({ demo }) => demo), {
        what: 'the demo to be announced',
      });
    },
  },
  {
    name: 'empty chat',
    async show(page) {
      await card(page, 'Lead').click();
      await page.getByRole('textbox', { name: 'Message to Lead' }).waitFor();
    },
  },
  {
    name: 'chat',
    async show(page) {
      await write(page, 'Lead', 'What should our first newsletter say?');
      const log = conversation(page, 'Lead');
      await log.getByText('Writer received:').waitFor();
      await log.getByText('Writing', { exact: true }).waitFor({ state: 'detached' });
    },
  },
  {
    name: 'activity',
    async show(page) {
      await openTab(page, 'Activity');
      const row = page.getByRole('button', { name: /Lead to Writer/ }).first();
      await row.click();
      await page.getByText('As recorded').waitFor();
    },
  },
  {
    name: 'delegations',
    async show(page) {
      await openTab(page, 'Delegations');
      await page.getByRole('listitem').filter({ hasText: 'Completed' }).first().waitFor();
    },
  },
  {
    name: 'logs',
    async show(page) {
      await openTab(page, 'Logs');
      await page.getByText(/The last/).waitFor();
    },
  },
  {
    name: 'details',
    async show(page) {
      await openTab(page, 'Details');
      await page.getByRole('textbox', { name: 'Role' }).waitFor();
    },
  },
  {
    name: 'delete dialog',
    async show(page) {
      await page.getByRole('button', { name: 'More actions' }).click();
      await page.getByRole('menuitem', { name: 'Delete agent' }).click();
      await page.getByRole('button', { name: 'Delete 3 agents' }).waitFor();
    },
  },
  {
    name: 'list of agents',
    async show(page) {
      await page.getByRole('alertdialog').getByRole('button', { name: 'Cancel' }).click();
      await page.getByRole('link', { name: 'Agents', exact: true }).click();
      await page.getByRole('row', { name: /Writer/ }).waitFor();
    },
  },
  {
    name: 'settings',
    async show(page) {
      await page.getByRole('button', { name: 'Settings and model keys' }).click();
      await page.getByRole('heading', { name: 'Other keys' }).waitFor();
    },
  },
  {
    name: 'add an agent',
    async show(page) {
      await page.getByRole('dialog', { name: 'Settings' }).getByRole('button', { name: 'Close' }).click();
      await page.getByRole('button', { name: 'Add agent' }).click();
      await page.getByRole('dialog').getByRole('textbox').first().waitFor();
    },
  },
  {
    name: 'search',
    async show(page) {
      await page.keyboard.press('Escape');
      await page.getByRole('dialog').waitFor({ state: 'detached' });
      await page.keyboard.press('Control+K');
      await page.getByRole('option', { name: /^Writer/ }).waitFor();
    },
  },
  {
    name: 'keyboard shortcuts',
    async show(page) {
      await page.keyboard.press('Escape');
      await page.getByRole('dialog').waitFor({ state: 'detached' });
      await page.getByRole('button', { name: 'Keyboard shortcuts' }).click();
      await page.getByRole('dialog', { name: 'Keyboard shortcuts' }).waitFor();
    },
  },
  {
    name: 'login',
    async show(page) {
      await page.context().clearCookies();
      await page.goto(new URL('/app/', page.url()).href);
      await page.getByRole('heading', { name: 'Log in' }).waitFor();
    },
  },
];
