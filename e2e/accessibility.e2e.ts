import { join } from 'node:path';
import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { findViolations } from './support/axe.js';
import { openBrowser, openVisitor, type Theme, type Visitor } from './support/browser.js';
import { card, conversation, logIn } from './support/canvas.js';
import { chromiumPath, picturesFolder } from './support/env.js';
import { type Product, startProduct } from './support/product.js';
import { screens } from './support/screens.js';

describe.skipIf(chromiumPath === null)('everybody can use the canvas', () => {
  let product: Product;
  let browser: Browser;

  beforeAll(async () => {
    [product, browser] = await Promise.all([startProduct(), openBrowser()]);
  });

  afterAll(async () => {
    await browser?.close();
    await product?.end();
  });

  async function newVisitor(theme: Theme): Promise<Visitor> {
    const visitor = await openVisitor(browser, theme);
    const { body } = await product.client.call('createLoginLink', {});
    await logIn(visitor.page, body.url);
    return visitor;
  }

  it.each(['light', 'dark'] as const)('axe finds nothing serious on any screen, %s', async (theme) => {
    const visitor = await newVisitor(theme);
    const violations: string[] = [];
    for (const screen of screens) {
      await screen.show(visitor.page, product);
      if (picturesFolder !== null) {
        await visitor.page.screenshot({ path: join(picturesFolder, theme, `${screen.name.replaceAll(' ', '-')}.png`) });
      }
      for (const violation of await findViolations(visitor.page)) violations.push(`${screen.name}: ${violation}`);
    }
    expect(violations).toEqual([]);
    // One screen is a conflict; the last one is that of a visitor whose session has ended.
    expect(visitor.complaints).toEqual([
      expect.stringMatching(/412.*\/files\/config\.yaml/),
      expect.stringMatching(/401.*\/session/),
    ]);
    await visitor.context.close();
  });

  it('axe would report a page that keeps people out', async () => {
    const { page, context } = await openVisitor(browser);
    await page.setContent(
      '<main><input><button></button><p style="color: #eee; background: #fff">Hardly there</p></main>',
    );
    const found = (await findViolations(page)).map((violation) => violation.split(' ')[0]);
    expect(found).toEqual(expect.arrayContaining(['label', 'button-name', 'color-contrast', 'html-has-lang']));
    await context.close();
  });

  it('an agent is found, opened and written to without a pointer', async () => {
    const { page, context } = await newVisitor('light');
    await card(page, 'Lead').waitFor();
    await page.keyboard.press('Control+K');
    await page.getByRole('dialog', { name: 'Search agents and commands' }).waitFor();
    await page.keyboard.type('writer');
    await page.getByRole('option', { name: /^Writer/, selected: true }).waitFor();
    await page.keyboard.press('Enter');
    await page.getByRole('heading', { level: 2, name: 'Writer' }).waitFor();
    await page.keyboard.press('c');
    await page.getByRole('textbox', { name: 'Message to Writer' }).and(page.locator(':focus')).waitFor();
    await page.keyboard.type('Hello by keyboard');
    await page.keyboard.press('Enter');
    await conversation(page, 'Writer').getByText('Writer received: Hello by keyboard').waitFor();
    // The first Esc leaves the field, the second closes the panel.
    await page.keyboard.press('Escape');
    await page.keyboard.press('Escape');
    await page.getByRole('complementary', { name: 'Selected agent' }).waitFor({ state: 'detached' });
    expect(new URL(page.url()).pathname).toMatch(/^\/app\/?$/);
    await context.close();
  });

  it('the map is walked with arrow keys, and Enter opens the card that has the focus', async () => {
    const { page, context } = await newVisitor('light');
    await card(page, 'Lead').focus();
    await page.keyboard.press('ArrowDown');
    const focused = page.locator(':focus');
    await expect.poll(() => focused.getAttribute('aria-label')).toMatch(/^(Researcher|Writer), Online/);
    const name = (await focused.getAttribute('aria-label'))?.split(',')[0] ?? '';
    await page.keyboard.press('Enter');
    await page.getByRole('heading', { level: 2, name }).waitFor();
    expect(new URL(page.url()).pathname).toMatch(/^\/app\/w\/[0-9a-f-]{36}\/chat$/);
    await context.close();
  });

  it('Tab reaches every control of the toolbar, and the focus is always visible', async () => {
    const { page, context } = await newVisitor('light');
    await card(page, 'Lead').waitFor();
    const reached: string[] = [];
    for (let step = 0; step < 14; step += 1) {
      await page.keyboard.press('Tab');
      const focused = page.locator(':focus');
      reached.push((await focused.getAttribute('aria-label')) ?? (await focused.textContent()) ?? '');
      const outline = await focused.evaluate((element) => {
        const style = getComputedStyle(element);
        return style.outlineStyle !== 'none' && Number.parseFloat(style.outlineWidth) >= 2;
      });
      expect(outline, `the focus is visible on ${reached.at(-1)}`).toBe(true);
    }
    expect(reached[0]).toBe('Skip to the organisation');
    for (const name of [
      'Canvas',
      'Agents',
      'Import team',
      'Add agent',
      'Keyboard shortcuts',
      'Settings and model keys',
    ]) {
      expect(
        reached.some((text) => text.startsWith(name)),
        `${name} in ${reached.join(' | ')}`,
      ).toBe(true);
    }
    await context.close();
  });
});
