import type { Browser, Locator, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openBrowser, openVisitor, type Visitor } from './support/browser.js';
import { card, conversation, importTeam, logIn, openTab, panel, write } from './support/canvas.js';
import { chromiumPath } from './support/env.js';
import { type Product, startProduct } from './support/product.js';

const LEAD = 'Lead';
const QUESTION = 'What should our first newsletter say?';

// One story told in order: each step starts where the one before ended.
describe.skipIf(chromiumPath === null)('a person follows what agents say to each other', () => {
  let product: Product;
  let browser: Browser;
  let visitor: Visitor;
  let page: Page;

  beforeAll(async () => {
    [product, browser] = await Promise.all([startProduct(), openBrowser()]);
    visitor = await openVisitor(browser);
    page = visitor.page;
    await logIn(page, await product.loginLink());
    await importTeam(page, 'Starter team');
    await page.getByRole('dialog', { name: /is online$/ }).waitFor({ timeout: 60_000 });
    await page.keyboard.press('Escape');
    await card(page, LEAD).click();
    await ask(QUESTION);
  });

  afterAll(async () => {
    await browser?.close();
    await product?.end();
  });

  /** Asks the lead in its chat and waits until the whole team has answered. */
  async function ask(text: string): Promise<void> {
    await write(page, LEAD, text);
    const log = conversation(page, LEAD);
    await log.getByRole('blockquote').getByText(`Writer received: For Writer: ${text}`).waitFor({ timeout: 60_000 });
  }

  async function idOf(name: string): Promise<string> {
    const found = (await product.client.call('listWorkspaces', {})).body.find((one) => one.name === name);
    if (!found) throw new Error(`there is no agent ${name}`);
    return found.id;
  }

  async function delegate(to: string, task: string): Promise<void> {
    const params = { id: await idOf(LEAD) };
    await product.client.call('delegate', { params, body: { target_id: await idOf(to), task } });
  }

  const rows = (): Locator => panel(page).getByRole('list', { name: 'Activity, newest first' }).getByRole('listitem');
  const query = () => new URL(page.url()).search;
  const thread = (peer: string): Locator => page.getByRole('log', { name: `Conversation between ${LEAD} and ${peer}` });

  it('filters narrow the activity together, and the address brings them back after a reload', async () => {
    await openTab(page, 'Activity');
    await rows()
      .filter({ hasText: `You to ${LEAD}: ${QUESTION}` })
      .first()
      .waitFor();
    await page.getByRole('button', { name: 'Filters' }).click();
    await page.getByLabel('Kind').selectOption('Delegations');
    await page.getByLabel('With', { exact: true }).selectOption('Writer');
    // The task and its result.
    await expect.poll(() => rows().count(), { timeout: 20_000 }).toBe(2);
    await page.getByLabel('Words in the activity').fill('writer received');
    await expect.poll(() => rows().count(), { timeout: 20_000 }).toBe(1);
    expect(query()).toBe(`?type=delegation&peer=${await idOf('Writer')}&q=writer+received`);

    await page.reload();
    await rows()
      .filter({ hasText: `Writer to ${LEAD}: Writer received` })
      .waitFor();
    expect(await rows().count()).toBe(1);
    await page.getByRole('button', { name: 'Remove the filter With Writer' }).click();
    await page.getByLabel('Words in the activity').fill('received');
    await expect.poll(() => rows().count(), { timeout: 20_000 }).toBe(2);
  });

  it('a row opens to the request and the answer as they were recorded', async () => {
    await page.getByRole('button', { name: 'Remove the filter Delegations' }).click();
    await page.getByLabel('Words in the activity').fill('');
    await page.getByRole('button', { name: new RegExp(`You to ${LEAD}`) }).click();
    const row = rows().filter({ hasText: `You to ${LEAD}` });
    await row.getByText('Request body').click();
    await row.getByText('"params": {').waitFor();
    await row.getByText('Response body').click();
    await row.getByText('"result": {').first().waitFor();
    expect(await row.getByRole('button', { name: 'Copy response body' }).count()).toBe(1);
    await page.getByRole('button', { name: new RegExp(`You to ${LEAD}`) }).click();
  });

  it('what happens meanwhile comes in at the top, and waits while a person reads further down', async () => {
    const before = await rows().count();
    await delegate('Writer', 'A first task');
    await rows().filter({ hasText: 'Writer received: A first task' }).waitFor({ timeout: 30_000 });
    expect(await rows().first().textContent()).toContain('A first task');

    await page.setViewportSize({ width: 1440, height: 560 });
    const area = page.getByRole('list', { name: 'Activity, newest first' }).locator('..');
    await area.evaluate((element) => element.scrollTo(0, 150));
    const read = rows().filter({ hasText: QUESTION }).first();
    const place = (await read.boundingBox())?.y;
    await delegate('Writer', 'A second task');
    const pill = page.getByRole('button', { name: '2 new' });
    await pill.waitFor({ timeout: 30_000 });
    expect(await rows().filter({ hasText: 'A second task' }).count()).toBe(0);
    expect((await read.boundingBox())?.y).toBe(place);
    await pill.click();
    await rows().filter({ hasText: 'Writer received: A second task' }).waitFor();
    expect(await area.evaluate((element) => element.scrollTop)).toBe(0);
    expect(await rows().count()).toBe(before + 4);

    // Whoever walks through the rows by keyboard reads, too.
    await page.getByLabel('Words in the activity').focus();
    for (let steps = 0; steps < 3; steps += 1) await page.keyboard.press('Tab');
    await rows().first().getByRole('button').and(page.locator(':focus')).waitFor();
    await delegate('Researcher', 'A task for the keyboard');
    await page.getByRole('button', { name: '2 new' }).waitFor({ timeout: 30_000 });
    await page.keyboard.press('Shift+Tab');
    await rows().filter({ hasText: 'Researcher received: A task for the keyboard' }).waitFor();

    await page.getByRole('button', { name: 'Stop following' }).click();
    await delegate('Researcher', 'A third task');
    await page.getByRole('button', { name: '2 new' }).waitFor({ timeout: 30_000 });
    await page.getByRole('button', { name: 'Follow live' }).click();
    await rows().filter({ hasText: 'Researcher received: A third task' }).waitFor();
    await page.setViewportSize({ width: 1440, height: 900 });
  });

  it('the conversations of the lead name its peers, the newest first, by keyboard too', async () => {
    await page.keyboard.press('Escape');
    await page.getByRole('complementary', { name: 'Selected agent' }).waitFor({ state: 'detached' });
    await card(page, LEAD).focus();
    await page.keyboard.press('Enter');
    await panel(page).getByRole('heading', { level: 2, name: LEAD }).waitFor();
    await card(page, LEAD).focus();
    await page.keyboard.press('g');
    await page.keyboard.press('m');
    const peers = page.getByRole('list', { name: `Agents that ${LEAD} speaks with` }).getByRole('link');
    await expect.poll(() => peers.count(), { timeout: 20_000 }).toBe(2);
    expect(await peers.first().textContent()).toContain('Researcher received: A third task');
    await peers.filter({ hasText: 'Writer' }).focus();
    await page.keyboard.press('Enter');
    await thread('Writer').waitFor();
    expect(query()).toBe(`?peer=${await idOf('Writer')}`);
  });

  it('a conversation has each answer below its question, and goes on live', async () => {
    const exchanges = thread('Writer')
      .getByRole('listitem')
      .filter({ hasText: `${LEAD}asks Writer` });
    await expect.poll(() => exchanges.count(), { timeout: 20_000 }).toBe(3);
    await expect
      .poll(async () => (await exchanges.first().textContent())?.replace(/\s+/g, ' '), { timeout: 20_000 })
      .toMatch(/For Writer: What should our first newsletter say\?.*Writer ?answers.*Writer received: For Writer/);
    await delegate('Writer', 'A fourth task');
    await thread('Writer').getByText('Writer received: A fourth task').waitFor({ timeout: 30_000 });
    await expect.poll(() => exchanges.count(), { timeout: 20_000 }).toBe(4);
    await page.reload();
    await thread('Writer').getByText('Writer received: A fourth task').waitFor();
    await expect.poll(() => exchanges.count(), { timeout: 20_000 }).toBe(4);
  });

  it('work for an agent that is not there is queued, given up on the board, and says so with the next step', async () => {
    const parent_id = await idOf(LEAD);
    await product.client.call('createWorkspace', {
      body: { name: 'Archivist', runtime: 'external', tier: 3, parent_id },
    });
    await delegate('Archivist', 'Find last year’s newsletters');
    await page.getByRole('link', { name: 'Delegations', exact: true }).click();
    const queued = page.getByRole('listitem').filter({ hasText: 'Find last year' });
    await queued.getByText('Given up').waitFor();
    expect(await queued.textContent()).toMatch(/Queued.*Lead.*Archivist.*Last sign of life ?none yet/);
    await queued.getByRole('button', { name: 'Cancel' }).click();
    await queued.waitFor({ state: 'detached', timeout: 30_000 });
    await page.getByRole('radio', { name: 'Failed 1' }).press('Space');
    const failed = page.getByRole('listitem').filter({ hasText: 'Find last year' });
    await failed.getByText('Give it anew if it is still wanted.').waitFor();

    await failed.getByRole('link', { name: 'Conversation' }).click();
    await thread('Archivist').getByText('Whoever gave the task has given it up.').waitFor();
  });

  it('a failed delegation is given again from its conversation, where the new try appears', async () => {
    await thread('Archivist').getByRole('button', { name: 'Give it again' }).click();
    await thread('Archivist').getByRole('button', { name: 'Given again' }).waitFor();
    await thread('Archivist').getByText('Queued: Archivist has not answered yet').waitFor({ timeout: 30_000 });
    expect(await thread('Archivist').getByText('Find last year’s newsletters').count()).toBe(2);
    const { body } = await product.client.call('countDelegations', {});
    expect([body.queued, body.failed]).toEqual([1, 1]);
  });

  it('an errors-only list shows the failure alone', async () => {
    await openTab(page, 'Activity');
    await page.getByRole('button', { name: 'Filters' }).click();
    await page.getByLabel('Outcome').selectOption('Failed only');
    await rows()
      .filter({ hasText: `${LEAD} to Archivist` })
      .first()
      .waitFor();
    // The task and its result.
    await expect.poll(() => rows().count(), { timeout: 20_000 }).toBe(2);
    expect(query()).toBe('?outcome=failed');
  });

  it('on a phone nothing is wider than the screen', async () => {
    await page.setViewportSize({ width: 360, height: 740 });
    for (const path of ['', `?peer=${await idOf('Writer')}`]) {
      await page.goto(new URL(`/app/w/${await idOf(LEAD)}/comms${path}`, page.url()).href);
      await panel(page).getByText('received').first().waitFor();
      expect(await overflow(page)).toBe(0);
    }
    await page.goto(new URL('/app/delegations?view=completed', page.url()).href);
    await page.getByText('Writer received: A fourth task').first().waitFor();
    expect(await overflow(page)).toBe(0);
  });

  it('the browser had nothing to complain about', () => {
    expect(visitor.complaints).toEqual([]);
  });
});

/** How far the page reaches beyond the screen to the right. */
function overflow(page: Page): Promise<number> {
  return page.evaluate(() => document.documentElement.scrollWidth - window.innerWidth);
}
