import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openBrowser, openVisitor, type Visitor } from './support/browser.js';
import { card, logIn, openTab, panel } from './support/canvas.js';
import { chromiumPath } from './support/env.js';
import { type Product, startProduct } from './support/product.js';

const NOTE = '# Kept by hand: ask Ada before you change this';

// One story told in order: each step starts where the one before ended.
describe.skipIf(chromiumPath === null)('a person looks after what an agent is given', () => {
  let product: Product;
  let browser: Browser;
  let visitor: Visitor;
  let page: Page;
  let id = '';

  beforeAll(async () => {
    [product, browser] = await Promise.all([startProduct(), openBrowser()]);
    await product.client.call('importOrg', { query: {}, body: { dir: 'starter' } });
    visitor = await openVisitor(browser);
    page = visitor.page;
    await logIn(page, await product.loginLink());
    await card(page, 'Writer').click();
    id = /\/w\/([0-9a-f-]{36})\//.exec(page.url())?.[1] ?? '';
  });

  afterAll(async () => {
    await browser?.close();
    await product?.end();
  });

  it('a secret is saved after the agent that starts again has been named, and its value is never shown', async () => {
    const before = await generation();
    await openTab(page, 'Secrets');
    await page.getByLabel('Name of the key').fill('SEARCH_API_KEY');
    await page.getByLabel('Value of the key').fill('very-secret-value');
    await page.getByRole('button', { name: 'Add', exact: true }).click();
    const dialog = page.getByRole('alertdialog', { name: 'Save SEARCH_API_KEY for Writer?' });
    await dialog.getByText('Writer starts again.').waitFor();
    expect(await secretNames()).toEqual([]);
    expect(await generation()).toBe(before);
    await dialog.getByRole('button', { name: 'Save key' }).click();
    await page.getByText('Saved SEARCH_API_KEY').waitFor();
    await panel(page).getByRole('listitem').filter({ hasText: 'SEARCH_API_KEY' }).waitFor();
    expect(await secretNames()).toEqual(['SEARCH_API_KEY']);
    expect(await generation()).toBe(before + 1);
    expect(await page.content()).not.toContain('very-secret-value');
    await card(page, 'Writer').waitFor();
  });

  it('a name the server keeps for itself is refused at its field, with what to do', async () => {
    await page.getByLabel('Name of the key').fill('WORKSPACE_ID');
    await page.getByLabel('Value of the key').fill('x');
    await page.getByRole('button', { name: 'Add', exact: true }).click();
    await panel(page)
      .getByRole('alert')
      .filter({ hasText: 'Secret name not allowed. Choose another name. WORKSPACE_ID' })
      .waitFor();
    expect(await secretNames()).toEqual(['SEARCH_API_KEY']);
    await page.getByLabel('Name of the key').fill('');
    await page.getByLabel('Value of the key').fill('');
  });

  it('a model is chosen with the same look ahead, and given back', async () => {
    await page.getByLabel('Model', { exact: true }).fill('openai:small');
    await page.getByRole('button', { name: 'Save model' }).click();
    await page.getByRole('button', { name: 'Choose model' }).click();
    await panel(page).getByText('Chosen for this agent alone.').waitFor();
    expect((await product.client.call('getModel', { params: { id } })).body).toEqual({
      model: 'openai:small',
      source: 'workspace_secrets',
    });
    await page.getByRole('button', { name: 'Use default model' }).click();
    await page.getByRole('button', { name: 'Take choice back' }).click();
    await page.getByText('The model is no longer chosen here').waitFor();
    expect((await product.client.call('getModel', { params: { id } })).body.source).toBe('default');
    await card(page, 'Writer').waitFor();
  });

  it('its role is edited in place, and a role that is refused is told at the field', async () => {
    await openTab(page, 'Details');
    const role = page.getByRole('textbox', { name: 'Role' });
    const save = panel(page).getByRole('button', { name: 'Save', exact: true });
    expect(await save.isDisabled()).toBe(true);
    await role.fill('Writes {everything}');
    await save.click();
    await panel(page).getByRole('alert').filter({ hasText: 'Role contains invalid characters' }).waitFor();
    await role.fill('Writes what people like to read');
    await save.click();
    await panel(page).getByRole('paragraph').filter({ hasText: 'Writes what people like to read' }).waitFor();
    const writer = (await product.client.call('listWorkspaces', {})).body.find((agent) => agent.id === id);
    expect(writer?.role).toBe('Writes what people like to read');
  });

  it('its configuration is edited as text: what differs is shown, comments are kept, and it starts again with it', async () => {
    const before = await read('config.yaml');
    const restarts = await generation();
    await openTab(page, 'Config');
    const editor = page.getByRole('textbox', { name: 'config.yaml' });
    await editor.click();
    await page.keyboard.press('Control+Home');
    await page.keyboard.type(`${NOTE}\n`);
    await page.keyboard.press('Control+S');
    const dialog = page.getByRole('dialog', { name: 'Save config.yaml of Writer?' });
    await dialog
      .getByRole('region', { name: 'Changes to be saved' })
      .filter({ hasText: `Added: ${NOTE}` })
      .waitFor();
    await dialog.getByRole('button', { name: 'Save and restart' }).click();
    await page.getByText('Writer is starting').waitFor();
    await card(page, 'Writer').waitFor();
    expect(await read('config.yaml')).toBe(`${NOTE}\n${before}`);
    expect(await generation()).toBeGreaterThan(restarts);
  });

  it('a text that cannot be read is told while it is typed, and is not saved', async () => {
    await page.getByRole('textbox', { name: 'config.yaml' }).click();
    await page.keyboard.press('Control+End');
    await page.keyboard.type('mine: [1');
    await panel(page)
      .getByText(/^Line \d+: /)
      .waitFor();
    expect(await page.getByRole('button', { name: 'Review and save' }).isDisabled()).toBe(true);
    await page.getByRole('button', { name: 'Discard' }).click();
    await panel(page).getByText('Reads as YAML.', { exact: true }).waitFor();
  });

  it('a file that was changed meanwhile is not written over: both versions are shown, and a person chooses', async () => {
    await write('notes.md', 'First line\n');
    await openTab(page, 'Files');
    await page.getByRole('button', { name: /^notes\.md/ }).click();
    const editor = page.getByRole('textbox', { name: 'notes.md' });
    await editor.click();
    await page.keyboard.press('Control+End');
    await page.keyboard.type('Mine');
    await write('notes.md', 'First line\nTheirs\n');
    await page.getByRole('button', { name: 'Save', exact: true }).click();
    const versions = page.getByRole('region', { name: 'Differences between the two versions' });
    await versions.filter({ hasText: 'Removed: Theirs' }).filter({ hasText: 'Added: Mine' }).waitFor();
    expect(await read('notes.md')).toBe('First line\nTheirs\n');
    await page.getByText('On the server', { exact: true }).click();
    await page.getByRole('textbox', { name: 'notes.md on the server' }).getByText('Theirs').waitFor();
    await page.getByRole('button', { name: 'Keep mine' }).click();
    await page.getByText('Saved notes.md').waitFor();
    expect(await read('notes.md')).toBe('First line\nMine');
  });

  it('an unsaved text outlives a walk through other tabs, and each place is an address', async () => {
    await page.getByRole('textbox', { name: 'notes.md' }).click();
    await page.keyboard.press('Control+End');
    await page.keyboard.type(' and more');
    const address = page.url();
    expect(new URL(address).search).toBe('?root=%2Fconfigs&file=notes.md');
    await openTab(page, 'Chat');
    await page.goBack();
    await page.getByRole('textbox', { name: 'notes.md' }).getByText('Mine and more').waitFor();
    await page.getByRole('button', { name: 'All files' }).click();
    await page.getByRole('region', { name: 'Unsaved changes' }).getByRole('button', { name: 'notes.md' }).click();
    await page.getByRole('button', { name: 'Discard' }).click();
    expect(await read('notes.md')).toBe('First line\nMine');
  });

  it('files are uploaded, told apart from texts, and deleted after a question', async () => {
    await page.getByRole('button', { name: 'All files' }).click();
    await page.getByLabel('Files to upload', { exact: true }).setInputFiles({
      name: 'logo.bin',
      mimeType: 'application/octet-stream',
      buffer: Buffer.from([0xff, 0xfe, 0x00, 0xff]),
    });
    await page.getByRole('button', { name: /^logo\.bin/ }).click();
    await page.getByText('This file is no text').waitFor();
    await panel(page).getByRole('button', { name: 'Delete', exact: true }).click();
    await page
      .getByRole('alertdialog', { name: 'Delete logo.bin?' })
      .getByRole('button', { name: 'Delete file' })
      .click();
    await page.getByText('Deleted logo.bin').waitFor();
    await page.getByRole('button', { name: /^notes\.md/ }).waitFor();
    await page.getByRole('button', { name: /^logo\.bin/ }).waitFor({ state: 'detached' });
    const left = (await product.client.call('listFiles', { params: { id }, query: {} })).body;
    expect(left.map((entry) => entry.path)).not.toContain('logo.bin');
  });

  it('the browser had nothing to complain about but the refusals', () => {
    expect(visitor.complaints).toEqual([
      expect.stringMatching(/400.*\/secrets/),
      expect.stringMatching(/400.*\/workspaces\//),
      expect.stringMatching(/412.*\/files\/notes\.md/),
    ]);
  });

  async function generation(): Promise<number> {
    return (await product.client.call('getWorkspace', { params: { id } })).body.generation;
  }

  async function secretNames(): Promise<string[]> {
    return (await product.client.call('listSecrets', { params: { id } })).body.map(({ key }) => key);
  }

  async function read(path: string): Promise<string> {
    return (await product.client.call('readFile', { params: { id, path } })).body.content;
  }

  async function write(path: string, content: string): Promise<void> {
    await product.client.call('writeFile', { params: { id, path }, body: { content } });
  }
});
