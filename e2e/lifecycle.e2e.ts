import { createFakeLlm, type FakeLlm, type LlmScript } from '@molecule/testkit';
import type { Browser, Locator, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openBrowser, openVisitor, type Visitor } from './support/browser.js';
import { card, conversation, logIn, openTab, panel, write } from './support/canvas.js';
import { chromiumPath } from './support/env.js';
import { type Product, startProduct } from './support/product.js';

const TEAM = ['Lead', 'Researcher', 'Writer'];
const TASK = 'Take your time with this one';

// One story told in order: each step starts where the one before ended.
describe.skipIf(chromiumPath === null)('a person holds, starts and removes agents from the canvas', () => {
  let product: Product;
  let llm: FakeLlm;
  let finishTask = () => {};
  let browser: Browser;
  let visitor: Visitor;
  let page: Page;

  beforeAll(async () => {
    const mayFinish = new Promise<void>((resolve) => {
      finishTask = resolve;
    });
    const script: LlmScript = async ({ messages }) => {
      if (JSON.stringify(messages).includes(TASK)) await mayFinish;
      return { text: 'Done at last.' };
    };
    [product, llm, browser] = await Promise.all([startProduct(), createFakeLlm({ script }), openBrowser()]);
    const { client } = product;
    await client.call('putGlobalSecret', { body: { key: 'OPENAI_BASE_URL', value: llm.openAiUrl } });
    await client.call('putGlobalSecret', { body: { key: 'OPENAI_MODEL', value: 'fake-model' } });
    await client.call('importOrg', { query: {}, body: { dir: 'starter' } });
    visitor = await openVisitor(browser);
    page = visitor.page;
    await logIn(page, await product.loginLink());
    for (const name of TEAM) await card(page, name).waitFor();
  });

  afterAll(async () => {
    finishTask();
    await browser?.close();
    await llm?.close();
    await product?.end();
  });

  it('the menu of a card opens by the other mouse button and by keyboard, and gives the focus back', async () => {
    await card(page, 'Writer').click({ button: 'right' });
    await page.getByRole('menu', { name: 'Actions for Writer' }).waitFor();
    await page.keyboard.press('Escape');
    await page.getByRole('menu').waitFor({ state: 'detached' });

    await card(page, 'Lead').focus();
    await page.keyboard.press('Shift+F10');
    await page.getByRole('menuitem', { name: 'Open conversation' }).and(page.locator(':focus')).waitFor();
    await page.keyboard.press('Escape');
    await card(page, 'Lead').and(page.locator(':focus')).waitFor();
    expect(await page.getByRole('menu').count()).toBe(0);
  });

  it('pausing the lead names its team first, and Escape changes nothing', async () => {
    const dialog = await choose('Lead', 'Pause', 'Pause Lead and the 2 agents below it?');
    for (const name of TEAM) await dialog.getByRole('listitem').filter({ hasText: name }).waitFor();
    await dialog.getByRole('button', { name: 'Cancel' }).and(page.locator(':focus')).waitFor();
    await page.keyboard.press('Escape');
    await dialog.waitFor({ state: 'detached' });
    await card(page, 'Lead').and(page.locator(':focus')).waitFor();
    expect(await statuses()).toEqual(['online', 'online', 'online']);
  });

  it('a confirmed pause stops every process of the team', async () => {
    const dialog = await choose('Lead', 'Pause', 'Pause Lead and the 2 agents below it?');
    await dialog.getByRole('button', { name: 'Pause 3 agents' }).click();
    await dialog.waitFor({ state: 'detached' });
    for (const name of TEAM) await card(page, name, 'Paused').waitFor();
    expect(await statuses()).toEqual(['paused', 'paused', 'paused']);
    await expect.poll(async () => (await agentsOf(product)).length, { timeout: 10_000 }).toBe(0);
  });

  it('a paused member takes no message, and is resumed where the pause began', async () => {
    await card(page, 'Writer', 'Paused').click();
    await page.getByRole('textbox', { name: 'Message to Writer' }).fill('Are you there?');
    expect(await page.getByRole('button', { name: 'Send', exact: true }).isDisabled()).toBe(true);
    await panel(page).getByRole('button', { name: 'Resume Lead' }).click();
    for (const name of TEAM) await card(page, name).waitFor();
    await page.getByRole('textbox', { name: 'Message to Writer' }).fill('');
  });

  it('an agent at work hibernates only after a question that names its work', async () => {
    await write(page, 'Writer', TASK);
    await page.getByRole('button', { name: new RegExp(`^Writer, Online, working on .*${TASK}`) }).waitFor();
    const dialog = await choose('Writer', 'Hibernate', 'Hibernate Writer in the middle of its work?');
    await dialog.getByRole('listitem').filter({ hasText: TASK }).waitFor();
    expect(await statuses()).toEqual(['online', 'online', 'online']);
    await dialog.getByRole('button', { name: 'Hibernate agent' }).click();
    await card(page, 'Writer', 'Hibernated').waitFor();
  });

  it('woken, it tells that its work broke off, and does it when asked again', async () => {
    finishTask();
    await panel(page).getByRole('button', { name: 'Wake' }).click();
    await card(page, 'Writer').waitFor();
    const log = conversation(page, 'Writer');
    await log.getByText('may have acted on part of it').waitFor({ timeout: 60_000 });
    await log.getByRole('button', { name: 'Send again' }).click();
    await log.getByText('Done at last.').waitFor();
    expect(await statuses()).toEqual(['online', 'online', 'online']);
  });

  it('an idle agent hibernates at once, and a message wakes it', async () => {
    await chooseItem('Researcher', 'Hibernate');
    await card(page, 'Researcher', 'Hibernated').click();
    expect(await page.getByRole('alertdialog').count()).toBe(0);
    await page.getByText('Researcher hibernates; a message wakes it.').waitFor();
    await write(page, 'Researcher', 'Good morning');
    await conversation(page, 'Researcher').getByText('Done at last.').waitFor({ timeout: 60_000 });
  });

  it('a restart is found in the palette, and lays the stored template out when asked to', async () => {
    const [template] = (await product.client.call('listTemplates', {})).body;
    await openTab(page, 'Details');
    await panel(page)
      .getByRole('combobox', { name: 'Template' })
      .selectOption(template?.id ?? '');
    await panel(page).getByRole('button', { name: 'Store template' }).click();
    await panel(page).getByText('It takes effect with the next restart.').waitFor();
    await page.keyboard.press('Control+K');
    await page.getByRole('dialog', { name: 'Search agents and commands' }).waitFor();
    await page.keyboard.type('restart');
    await page.getByRole('option', { name: /^Restart/, selected: true }).waitFor();
    await page.keyboard.press('Enter');
    const dialog = page.getByRole('alertdialog', { name: 'Restart Researcher?' });
    await dialog.getByRole('checkbox', { name: /^Apply the template/ }).check();
    await dialog.getByRole('button', { name: 'Restart agent' }).click();
    await page.getByText(`The template "${template?.id}" is laid over its configuration.`).waitFor();
    await card(page, 'Researcher').waitFor();
    expect(await statuses()).toEqual(['online', 'online', 'online']);
  });

  it('removing everything below leaves the lead alone', async () => {
    const dialog = await choose('Lead', 'Remove everything below', 'Remove everything below Lead?');
    await dialog.getByRole('button', { name: 'Remove 2 agents' }).click();
    await dialog.waitFor({ state: 'detached' });
    expect((await product.client.call('listWorkspaces', {})).body.map(({ name }) => name)).toEqual(['Lead']);
    // The panel was about one of those that are gone.
    expect(new URL(page.url()).pathname).toMatch(/^\/app\/?$/);
  });

  it('the browser had nothing to complain about but the refusal and the answer that broke off', () => {
    expect(visitor.complaints).toEqual([
      expect.stringMatching(/409.*\/hibernate/),
      expect.stringMatching(/INCOMPLETE_CHUNKED_ENCODING.*\/a2a/),
    ]);
  });

  /** By the menu of the card, as a person without a mouse opens it. */
  async function chooseItem(name: string, item: string): Promise<void> {
    await page.getByRole('button', { name: new RegExp(`^${name}, `) }).focus();
    await page.keyboard.press('Shift+F10');
    await page.getByRole('menuitem', { name: item }).click();
  }

  async function choose(name: string, item: string, title: string): Promise<Locator> {
    await chooseItem(name, item);
    const dialog = page.getByRole('alertdialog', { name: title });
    await dialog.waitFor();
    return dialog;
  }

  async function statuses(): Promise<string[]> {
    return (await product.client.call('listWorkspaces', {})).body.map(({ status }) => status);
  }
});

async function agentsOf(product: Product): Promise<readonly { pid: number }[]> {
  return (await product.dataDir.processes()).filter(({ text }) => text.includes('WORKSPACE_ID='));
}
