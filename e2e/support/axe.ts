import axe, { type AxeResults, type RunOptions } from 'axe-core';
import type { Page } from 'playwright-core';

const options: RunOptions = { runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice'] };

/** The serious and critical findings of axe on what the page shows now, one line for each element. */
export async function findViolations(page: Page): Promise<string[]> {
  // Evaluated through the debugger, which the content security policy of the page does not concern.
  await page.evaluate(axe.source);
  const results = await page.evaluate(async (runOptions) => {
    const { axe: inPage } = window as unknown as { axe: { run: (o: RunOptions) => Promise<AxeResults> } };
    return inPage.run(runOptions);
  }, options);
  return results.violations
    .filter(({ impact }) => impact === 'serious' || impact === 'critical')
    .flatMap(({ id, nodes }) => nodes.map((node) => `${id} ${node.target.join(' ')}: ${node.failureSummary ?? ''}`));
}
