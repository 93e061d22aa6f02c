import type { Locator, Page } from 'playwright-core';

/** What a person does in the canvas, found the way a person or a screen reader finds it: by role and name. */

export async function logIn(page: Page, loginLink: string): Promise<void> {
  await page.goto(loginLink);
  await page.getByRole('button', { name: 'Log in' }).click();
  await page.getByRole('status').filter({ hasText: 'Live' }).waitFor();
}

/** The card of an agent on the map; its name says the status, as a screen reader hears it. */
export function card(page: Page, name: string, status = 'Online'): Locator {
  return page.getByRole('button', { name: new RegExp(`^${name}, ${status}`) });
}

export function panel(page: Page): Locator {
  return page.getByRole('complementary', { name: 'Selected agent' });
}

export function conversation(page: Page, name: string): Locator {
  return page.getByRole('log', { name: `Conversation with ${name}` });
}

export async function importTeam(page: Page, name: string): Promise<void> {
  await page.getByRole('button', { name: new RegExp(`^${name}`) }).click();
  const dialog = page.getByRole('dialog', { name });
  await dialog.getByRole('button', { name: /^Create \d+ agents$/ }).click();
}

export async function write(page: Page, name: string, text: string): Promise<void> {
  await page.getByRole('textbox', { name: `Message to ${name}` }).fill(text);
  await page.getByRole('button', { name: 'Send', exact: true }).click();
}

export async function openTab(page: Page, name: string): Promise<void> {
  await panel(page).getByRole('tab', { name }).click();
}
