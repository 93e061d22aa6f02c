import { createFakeLlm, delegateToEveryChild, type FakeLlm } from '@molecule/testkit';
import type { Browser, Page } from 'playwright-core';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { openBrowser, openVisitor, type Visitor } from './support/browser.js';
import { card, conversation, logIn, panel, write } from './support/canvas.js';
import { chromiumPath } from './support/env.js';
import { type Product, startProduct } from './support/product.js';

const QUESTION = 'Write a haiku about rain';

describe.skipIf(chromiumPath === null)('agents answer with a model once a person has saved its key', () => {
  let product: Product;
  let llm: FakeLlm;
  let browser: Browser;
  let visitor: Visitor;
  let page: Page;

  beforeEach(async () => {
    [product, llm, browser] = await Promise.all([
      startProduct(),
      createFakeLlm({ script: delegateToEveryChild }),
      openBrowser(),
    ]);
    visitor = await openVisitor(browser);
    page = visitor.page;
    await product.client.call('importOrg', { query: {}, body: { dir: 'starter' } });
    await logIn(page, await product.loginLink());
    for (const name of ['Lead', 'Researcher', 'Writer']) await card(page, name).waitFor();
  });

  afterEach(async () => {
    await browser?.close();
    await llm?.close();
    await product?.end();
  });

  it('with ANTHROPIC_API_KEY, at the address that ANTHROPIC_BASE_URL names', async () => {
    await openSettings(page);
    await addOtherKey(page, 'ANTHROPIC_BASE_URL', llm.url);
    await saveKnownKey(page, 'API key (ANTHROPIC_API_KEY)', 'fake-anthropic-key');
    await closeSettings(page);
    await askTheLead(page);

    expect(llm.requests.every(({ api }) => api === 'anthropic')).toBe(true);
    expect(new Set(llm.requests.map(({ apiKey }) => apiKey))).toEqual(new Set(['fake-anthropic-key']));
    await expectDelegation(page, llm);
  });

  it('with OPENAI_BASE_URL and OPENAI_MODEL, which need no key at all', async () => {
    await openSettings(page);
    await saveKnownKey(page, 'Base URL (OPENAI_BASE_URL)', llm.openAiUrl);
    await saveKnownKey(page, 'Model (OPENAI_MODEL)', 'fake-model');
    await closeSettings(page);
    await askTheLead(page);

    expect(llm.requests.every(({ api, model }) => api === 'chat' && model === 'fake-model')).toBe(true);
    await expectDelegation(page, llm);
  });

  async function expectDelegation(on: Page, model: FakeLlm): Promise<void> {
    const tools = model.requests.flatMap(({ messages }) => messages.flatMap(({ toolCalls }) => toolCalls));
    expect(new Set(tools.map(({ name }) => name))).toEqual(new Set(['list_peers', 'delegate_task']));
    expect(model.requests.every(({ stream }) => stream)).toBe(true);
    expect(model.scriptErrors).toEqual([]);
    // No model stands behind a demo answer; none may be announced any more.
    expect(await panel(on).getByText('Demo', { exact: true }).count()).toBe(0);
    expect(visitor.complaints).toEqual([]);
  }
});

async function askTheLead(page: Page): Promise<void> {
  await card(page, 'Lead').click();
  // The chip with the name of the runtime gives way to the model when the restarted agent has registered.
  await panel(page).getByText('Demo', { exact: true }).waitFor({ state: 'detached' });
  await write(page, 'Lead', QUESTION);
  const log = conversation(page, 'Lead');
  await log.getByText('Asking Researcher and Writer.').waitFor();
  for (const name of ['Researcher', 'Writer']) {
    await log.getByText(`Answer from ${name}: Echo: Message from agent "Lead"`).waitFor();
    await log.getByText(`For ${name}: ${QUESTION}`).waitFor();
  }
}

async function openSettings(page: Page): Promise<void> {
  await page.getByRole('button', { name: 'Settings and model keys' }).click();
  await page.getByRole('heading', { name: 'Model keys' }).waitFor();
}

async function closeSettings(page: Page): Promise<void> {
  await page.getByRole('dialog', { name: 'Settings' }).getByRole('button', { name: 'Close' }).click();
  await page.getByRole('dialog', { name: 'Settings' }).waitFor({ state: 'detached' });
  for (const name of ['Lead', 'Researcher', 'Writer']) await card(page, name).waitFor();
}

async function saveKnownKey(page: Page, label: string, value: string): Promise<void> {
  const field = page.getByLabel(label);
  await field.fill(value);
  await field.press('Enter');
  await confirmKey(page, /\(([A-Z_]+)\)$/.exec(label)?.[1] ?? '');
}

async function addOtherKey(page: Page, name: string, value: string): Promise<void> {
  await page.getByLabel('Name of the key').fill(name);
  await page.getByLabel('Value of the key').fill(value);
  await page.getByRole('button', { name: 'Add', exact: true }).click();
  await confirmKey(page, name);
}

/** Every agent of the team starts again with it, and is named before that. */
async function confirmKey(page: Page, name: string): Promise<void> {
  const dialog = page.getByRole('alertdialog', { name: `Save ${name} for all agents?` });
  for (const agent of ['Lead', 'Researcher', 'Writer'])
    await dialog.getByRole('listitem').filter({ hasText: agent }).waitFor();
  await dialog.getByRole('button', { name: 'Save key' }).click();
  const saved = page.getByText(`Saved ${name}`);
  const refused = dialog.getByRole('alert');
  await saved.or(refused).first().waitFor();
  // What the page tells a person is what whoever reads a failed run has to know as well.
  expect(await refused.allTextContents()).toEqual([]);
  await saved.waitFor();
}
