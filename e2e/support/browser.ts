import { type Browser, type BrowserContext, chromium, type Page } from 'playwright-core';
import { chromiumPath } from './env.js';

export type Theme = 'light' | 'dark';

export interface Visitor {
  readonly page: Page;
  readonly context: BrowserContext;
  /** What the browser complained about: console errors, uncaught errors, answers of 500 and above. */
  readonly complaints: readonly string[];
}

/** Without the sandbox, which neither root nor most containers can set up; only our own pages are opened. */
export function openBrowser(): Promise<Browser> {
  if (chromiumPath === null) throw new Error('No Chromium: set MOLECULE_TEST_CHROMIUM, or let npm test find one.');
  return chromium.launch({ executablePath: chromiumPath, args: ['--no-sandbox', '--disable-dev-shm-usage'] });
}

/** A person at a browser of their own, with no cookies, in one of the two colour schemes. */
export async function openVisitor(browser: Browser, theme: Theme = 'light'): Promise<Visitor> {
  const context = await browser.newContext({
    colorScheme: theme,
    viewport: { width: 1440, height: 900 },
    locale: 'en-GB',
    reducedMotion: 'reduce',
  });
  context.setDefaultTimeout(20_000);
  const page = await context.newPage();
  const complaints: string[] = [];
  page.on('console', (message) => {
    if (message.type() === 'error') complaints.push(`console: ${message.text()} (${message.location().url})`);
  });
  page.on('pageerror', (error) => complaints.push(`uncaught: ${error.message}`));
  page.on('response', (response) => {
    if (response.status() >= 500) complaints.push(`${response.status()} for ${response.url()}`);
  });
  return { page, context, complaints };
}
