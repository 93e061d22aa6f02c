import type { Browser, Locator, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openBrowser, openVisitor, type Visitor } from './support/browser.js';
import { card, conversation, importTeam, logIn, openTab, panel, write } from './support/canvas.js';
import { chromiumPath } from './support/env.js';
import { type Product, startProduct } from './support/product.js';

const LEAD = 'Lead';
const TEAM = ['Researcher', 'Writer'];
const QUESTION = 'What should our first newsletter say?';

// One story told in order: each step starts where the one before ended.
describe.skipIf(chromiumPath === null)('a person brings a team online and talks to it', () => {
  let product: Product;
  let browser: Browser;
  let visitor: Visitor;
  let page: Page;

  beforeAll(async () => {
    [product, browser] = await Promise.all([startProduct(), openBrowser()]);
    visitor = await openVisitor(browser);
    page = visitor.page;
  });

  afterAll(async () => {
    await browser?.close();
    await product?.end();
  });

  it('the link that the server printed logs in once', async () => {
    const link = await product.loginLink();
    await logIn(page, link);
    expect(new URL(page.url()).pathname).toBe('/app/');

    const stranger = await openVisitor(browser);
    expect((await stranger.page.goto(link))?.ok()).toBe(false);
    await stranger.page.getByRole('heading', { name: 'This login link does not work' }).waitFor();
    await stranger.page.goto(new URL('/app/', link).href);
    await stranger.page.getByRole('heading', { name: 'Log in' }).waitFor();
    await stranger.context.close();
  });

  it('the empty canvas offers the built-in teams', async () => {
    await page.getByRole('heading', { name: 'Bring your first team online' }).waitFor();
    const teams = page.getByRole('button', { name: /\d+ agents/ });
    await expect.poll(() => teams.first().textContent()).toMatch(/^Starter team3 agents/);
  });

  it('the import shows its plan, creates the team, and three agents come online before one’s eyes', async () => {
    await page.getByRole('button', { name: /^Starter team/ }).click();
    const plan = page.getByRole('dialog', { name: 'Starter team' });
    await plan.getByRole('heading', { name: 'Creates 3 agents' }).waitFor();
    expect(await plan.getByRole('listitem').filter({ hasText: 'New' }).count()).toBe(3);
    await page.keyboard.press('Escape');
    await plan.waitFor({ state: 'detached' });

    await importTeam(page, 'Starter team');
    const progress = page.getByRole('dialog', { name: /is (on its way|online)$/ });
    await progress.getByRole('status').filter({ hasText: '3 of 3 online' }).waitFor();
    await page.getByRole('dialog', { name: /is online$/ }).waitFor();
    await progress.getByRole('button', { name: 'Close' }).last().click();
    for (const name of [LEAD, ...TEAM]) await card(page, name).waitFor();
  });

  it('cards say their status in words and lie inside the card of their lead', async () => {
    const outer = await boxOf(card(page, LEAD));
    for (const name of TEAM) {
      const inner = await boxOf(card(page, name));
      expect(isInside(inner, outer), `${name} lies inside ${LEAD}`).toBe(true);
    }
    const shown = page.getByRole('article').filter({ hasText: TEAM[0] ?? '' });
    expect(await shown.last().textContent()).toContain('Online');
    expect(await page.getByRole('list', { name: 'Agents by status' }).textContent()).toMatch(/3\s*online/);
  });

  it('a click on the lead opens its panel, and the whole team stays in view beside it', async () => {
    await card(page, LEAD).click();
    await page.getByRole('textbox', { name: `Message to ${LEAD}` }).waitFor();
    const map = await boxOf(page.getByRole('main'));
    await expect.poll(async () => isInside(await boxOf(card(page, LEAD)), map), { timeout: 5_000 }).toBe(true);
  });

  it('the lead’s demo answer streams in, says that it is one, and quotes every member of the team', async () => {
    const growth = await watchGrowth(page);
    await write(page, LEAD, QUESTION);

    const log = conversation(page, LEAD);
    await log.getByText(`Demo reply from ${LEAD} (no model key configured)`).waitFor();
    await log.getByText('Writing', { exact: true }).waitFor({ state: 'detached' });
    for (const name of TEAM) {
      await log.getByRole('blockquote').getByText(`${name} received: For ${name}: ${QUESTION}`).waitFor();
    }
    expect(await log.getByText('Demo', { exact: true }).count()).toBe(1);
    // Word by word: the answer was on the screen in part before it was there in whole.
    const partial = (await growth()).filter((text) => text.includes('Demo') && !text.includes('received:'));
    expect(partial.length).toBeGreaterThan(1);
  });

  it('a reload shows exactly the same messages, each once', async () => {
    const before = await recordedMessages(page, 1);
    expect(before[0]?.split(QUESTION).length).toBe(4);
    await page.reload();
    expect(await recordedMessages(page, 1)).toEqual(before);
  });

  it('a second question is answered below the first, live and after a reload', async () => {
    await write(page, LEAD, 'And the second one?');
    const before = await recordedMessages(page, 2);
    await page.reload();
    expect(await recordedMessages(page, 2)).toEqual(before);
  });

  it('a conversation longer than its panel scrolls in the panel, never the page', async () => {
    await page.setViewportSize({ width: 1440, height: 520 });
    const log = conversation(page, LEAD);
    await expect.poll(() => log.evaluate((area) => area.scrollHeight > area.clientHeight)).toBe(true);
    const [whole, seen] = await page.evaluate(() => {
      const { scrollHeight, clientHeight } = document.documentElement;
      return [scrollHeight, clientHeight];
    });
    expect(whole).toBe(seen);
    await page.setViewportSize({ width: 1440, height: 900 });
  });

  it('the activity names who was asked and what came back', async () => {
    await openTab(page, 'Activity');
    for (const name of TEAM) {
      const row = panel(page).getByRole('button', {
        name: new RegExp(`${LEAD} to ${name}: .*${QUESTION.slice(0, 20)}`),
      });
      await row.first().waitFor();
    }
    await openTab(page, 'Delegations');
    const rows = panel(page).getByRole('listitem').filter({ hasText: 'Completed' });
    await expect.poll(() => rows.count(), { timeout: 10_000 }).toBe(4);
  });

  it('removing the lead names everyone who goes with it, and leaves the canvas empty', async () => {
    await panel(page).getByRole('button', { name: 'More actions' }).click();
    await page.getByRole('menuitem', { name: 'Remove agent' }).click();
    const dialog = page.getByRole('alertdialog', { name: `Remove ${LEAD} and the 2 agents below it?` });
    for (const name of TEAM) await dialog.getByRole('listitem').filter({ hasText: name }).waitFor();
    await dialog.getByRole('button', { name: 'Remove 3 agents' }).click();
    await page.getByRole('heading', { name: 'Bring your first team online' }).waitFor();
    expect((await product.client.call('listWorkspaces', {})).body).toEqual([]);
    await expect.poll(async () => (await agentsOf(product)).length, { timeout: 10_000 }).toBe(0);
  });

  it('the browser had nothing to complain about', () => {
    expect(visitor.complaints).toEqual([]);
  });
});

async function agentsOf(product: Product): Promise<readonly { pid: number }[]> {
  return (await product.dataDir.processes()).filter(({ text }) => text.includes('WORKSPACE_ID='));
}

/**
 * The whole conversation as text, one entry for each exchange, once it has `count` of them. Each shows how long it took:
 * that is only known of the recorded answer, which takes the place of the streamed one.
 */
async function recordedMessages(page: Page, count: number): Promise<string[]> {
  const exchanges = conversation(page, LEAD).getByRole('listitem').filter({ hasText: 'You:' });
  const recorded = exchanges
    .filter({ hasText: /Demo[\d.]+ m?s/ })
    .filter({ has: page.getByRole('blockquote').filter({ hasText: 'Writer received:' }) });
  await expect.poll(() => recorded.count(), { timeout: 15_000 }).toBe(count);
  return (await exchanges.allTextContents()).map((text) => text.replace(/\s+/g, ' ').trim());
}

/** Notes each state of the conversation from now on; the returned function reads them. */
async function watchGrowth(page: Page): Promise<() => Promise<string[]>> {
  const seen: string[] = [];
  await page.exposeFunction('noteGrowth', (text: string) => seen.push(text));
  await page.evaluate(() => {
    const { noteGrowth } = window as unknown as { noteGrowth: (text: string) => Promise<void> };
    const observer = new MutationObserver(() => {
      const text = document.querySelector('[role="log"]')?.textContent ?? '';
      // The test ends before the last note is acknowledged; that is no failure of the page.
      noteGrowth(text).catch(() => {});
    });
    observer.observe(document.body, { childList: true, characterData: true, subtree: true });
  });
  return async () => {
    // A round trip later everything noted before it has arrived.
    await page.evaluate(() => {});
    return [...new Set(seen)];
  };
}

interface Box {
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
}

async function boxOf(locator: Locator): Promise<Box> {
  const box = await locator.boundingBox();
  if (box === null) throw new Error('the element is not on the screen');
  return box;
}

function isInside(inner: Box, outer: Box): boolean {
  const right = inner.x + inner.width <= outer.x + outer.width;
  const bottom = inner.y + inner.height <= outer.y + outer.height;
  return inner.x >= outer.x && inner.y >= outer.y && right && bottom;
}
