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
    name: 'filtered activity',
    async show(page) {
      await page.getByRole('button', { name: 'Filters' }).click();
      await page.getByLabel('Kind').selectOption('Delegations');
      await page.getByRole('button', { name: 'Remove the filter Delegations' }).waitFor();
      await page
        .getByRole('button', { name: /Lead to Writer/ })
        .first()
        .click();
      await page.getByText('Request body').click();
      await page.getByRole('button', { name: 'Copy request body' }).waitFor();
    },
  },
  {
    name: 'activity that matches nothing',
    async show(page) {
      await page.getByLabel('Words in the activity').fill('there is no such word');
      await page.getByText('Nothing matches').waitFor();
    },
  },
  {
    name: 'conversations with other agents',
    async show(page) {
      await openTab(page, 'Comms');
      await page.getByRole('link', { name: /Writer received/ }).waitFor();
    },
  },
  {
    name: 'conversation of two agents',
    async show(page) {
      await page.getByRole('link', { name: /Writer received/ }).click();
      await page.getByText('Writer received').first().waitFor();
    },
  },
  {
    name: 'failed delegation in its conversation',
    async show(page, { client }) {
      const { body: agents } = await client.call('listWorkspaces', {});
      const lead = agents.find(({ name }) => name === 'Lead')?.id ?? '';
      const body = { name: 'Archivist', runtime: 'external', tier: 3, parent_id: lead };
      const { id } = (await client.call('createWorkspace', { body })).body;
      const task = { target_id: id, task: 'Find last year’s newsletters' };
      const { delegation_id } = (await client.call('delegate', { params: { id: lead }, body: task })).body;
      await client.call('cancelDelegation', { params: { id: lead, delegationId: delegation_id }, body: {} });
      await page.getByRole('link', { name: 'All conversations' }).click();
      await page.getByRole('link', { name: /Archivist/ }).click();
      await page.getByText('Whoever gave the task has given it up.').waitFor();
      await client.call('deleteWorkspace', { params: { id }, query: { confirm: true } });
      await page.getByText('removed agent').first().waitFor();
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
    name: 'details further down',
    async show(page) {
      await page.getByRole('heading', { name: 'Cannot be undone' }).scrollIntoViewIfNeeded();
      await page.getByText(/^Online (for|just now)/).waitFor();
    },
  },
  {
    name: 'secrets',
    async show(page, product) {
      const id = await idOf(product, 'Lead');
      const { client } = product;
      await client.call('putGlobalSecret', { body: { key: 'SEARCH_API_KEY', value: 'shared' } });
      await client.call('putGlobalSecret', { body: { key: 'MAIL_ACCOUNT', value: 'shared' } });
      await client.call('putSecret', { params: { id }, body: { key: 'SEARCH_API_KEY', value: 'own' } });
      for (const name of ['Lead', 'Researcher', 'Writer']) await card(page, name).waitFor();
      await openTab(page, 'Secrets');
      await page.getByText('Overrides global').waitFor();
    },
  },
  {
    name: 'look ahead at a secret',
    async show(page) {
      await page.getByRole('button', { name: 'Override MAIL_ACCOUNT' }).click();
      await page.getByLabel('New value of MAIL_ACCOUNT').fill('own');
      await page.keyboard.press('Enter');
      await page.getByRole('alertdialog', { name: 'Save MAIL_ACCOUNT for Lead?' }).waitFor();
    },
  },
  {
    name: 'files',
    async show(page, product) {
      await page.getByRole('alertdialog').getByRole('button', { name: 'Cancel' }).click();
      const params = { id: await idOf(product, 'Lead') };
      const write = (path: string, content: string, encoding: 'utf-8' | 'base64' = 'utf-8') =>
        product.client.call('writeFile', { params: { ...params, path }, body: { content, encoding } });
      await write('prompts/style.md', '# Style\n\nShort sentences. No *filler*.\n');
      await write('assets/logo.bin', '/v8A/w==', 'base64');
      await openTab(page, 'Files');
      await page.getByRole('button', { name: 'prompts', exact: true }).click();
      await page.getByRole('button', { name: /^style\.md/ }).waitFor();
    },
  },
  {
    name: 'file',
    async show(page) {
      await page.getByRole('button', { name: /^style\.md/ }).click();
      const editor = page.getByRole('textbox', { name: 'prompts/style.md' });
      await editor.click();
      await page.keyboard.press('Control+End');
      await page.keyboard.type('One idea in each.');
      await page.getByText(/^Unsaved changes\./).waitFor();
    },
  },
  {
    name: 'file that is no text',
    async show(page) {
      await page.getByRole('button', { name: 'Discard' }).click();
      await page.getByRole('button', { name: 'All files' }).click();
      await page.getByRole('button', { name: 'assets', exact: true }).click();
      await page.getByRole('button', { name: /^logo\.bin/ }).click();
      await page.getByText('This file is no text').waitFor();
    },
  },
  {
    name: 'configuration',
    async show(page) {
      await openTab(page, 'Config');
      const editor = page.getByRole('textbox', { name: 'config.yaml' });
      await editor.click();
      await page.keyboard.press('Control+End');
      await page.keyboard.type('mine: [1');
      await page.getByText(/^Line \d+: /).waitFor();
    },
  },
  {
    name: 'review of a configuration',
    async show(page) {
      await page.getByRole('textbox', { name: 'config.yaml' }).press(']');
      await page.getByRole('button', { name: 'Review and save' }).click();
      await page.getByRole('button', { name: 'Save and restart' }).waitFor();
    },
  },
  {
    name: 'conflict',
    async show(page, product) {
      const path = { id: await idOf(product, 'Lead'), path: 'config.yaml' };
      const { content } = (await product.client.call('readFile', { params: path })).body;
      const theirs = `${content.replace(/^mine:.*\n?/m, '')}theirs: true\n`;
      await product.client.call('writeFile', { params: path, body: { content: theirs } });
      await page.getByRole('dialog').getByRole('button', { name: 'Save', exact: true }).click();
      await page.getByRole('region', { name: 'Differences between the two versions' }).waitFor();
    },
  },
  {
    name: 'menu of a card',
    async show(page) {
      await page.getByRole('button', { name: 'Take theirs' }).click();
      await card(page, 'Lead').click({ button: 'right', position: { x: 60, y: 80 } });
      await page.getByRole('menuitem', { name: 'Pause' }).waitFor();
    },
  },
  {
    name: 'pause dialog',
    async show(page) {
      await page.getByRole('menuitem', { name: 'Pause' }).click();
      await page.getByRole('button', { name: 'Pause 3 agents' }).waitFor();
    },
  },
  {
    name: 'hibernated agent',
    async show(page, product) {
      await page.getByRole('alertdialog').getByRole('button', { name: 'Cancel' }).click();
      await product.client.call('hibernateWorkspace', { params: { id: await idOf(product, 'Researcher') } });
      await card(page, 'Researcher', 'Hibernated').click();
      await openTab(page, 'Chat');
      await page.getByText('Researcher hibernates; a message wakes it.').waitFor();
    },
  },
  {
    name: 'paused agent',
    async show(page, product) {
      await product.client.call('pauseWorkspace', { params: { id: await idOf(product, 'Writer') } });
      await card(page, 'Writer', 'Paused').click();
      await page.getByText('Writer is paused and takes no messages until it is resumed.').waitFor();
    },
  },
  {
    name: 'restart dialog',
    async show(page, product) {
      await product.client.call('resumeWorkspace', { params: { id: await idOf(product, 'Writer') } });
      await product.client.call('restartWorkspace', { params: { id: await idOf(product, 'Researcher') }, body: {} });
      for (const name of ['Researcher', 'Writer']) await card(page, name).waitFor();
      const [template] = (await product.client.call('listTemplates', {})).body;
      await product.client.call('setWorkspaceTemplate', {
        params: { id: await idOf(product, 'Lead') },
        body: { template: template?.id ?? '' },
      });
      await card(page, 'Lead').click({ position: { x: 60, y: 80 } });
      await page.getByRole('button', { name: 'More actions' }).click();
      await page.getByRole('menuitem', { name: 'Restart' }).click();
      await page.getByRole('checkbox', { name: /^Apply the template/ }).check();
    },
  },
  {
    name: 'remove dialog',
    async show(page) {
      await page.getByRole('alertdialog').getByRole('button', { name: 'Cancel' }).click();
      await page.getByRole('button', { name: 'More actions' }).click();
      await page.getByRole('menuitem', { name: 'Remove agent' }).click();
      await page.getByRole('button', { name: 'Remove 3 agents' }).waitFor();
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
    name: 'board of delegations',
    async show(page) {
      await page.getByRole('link', { name: 'Delegations', exact: true }).click();
      await page.getByRole('radio', { name: /^Completed/ }).press('Space');
      await page.getByRole('listitem').filter({ hasText: 'Writer received:' }).first().waitFor();
    },
  },
  {
    name: 'failed ones on the board of delegations',
    async show(page) {
      await page.getByRole('radio', { name: /^Failed/ }).press('Space');
      await page.getByText('Given up').first().waitFor();
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

async function idOf({ client }: Product, name: string): Promise<string> {
  const found = (await client.call('listWorkspaces', {})).body.find((workspace) => workspace.name === name);
  if (!found) throw new Error(`there is no workspace ${name}`);
  return found.id;
}
