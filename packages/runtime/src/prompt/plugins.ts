import type { PromptFiles } from './prompt-files.js';

/** Papers of a plugin's author, not text for its users. */
const NOT_GUIDELINES = /^(readme|changelog|license|contributing)\.md$/i;

/** What the plugins in `plugins/<name>/` add to a prompt: `rules/*.md`, and the other markdown files at their root. */
export async function readPlugins(
  files: PromptFiles,
): Promise<{ readonly names: readonly string[]; readonly rules: string[]; readonly guidelines: string[] }> {
  const names = await files.list('plugins');
  const rules: string[] = [];
  const guidelines: string[] = [];
  for (const name of names) {
    rules.push(...(await readMarkdown(files, `plugins/${name}/rules`)));
    guidelines.push(...(await readMarkdown(files, `plugins/${name}`)));
  }
  return { names, rules, guidelines };
}

async function readMarkdown(files: PromptFiles, folder: string): Promise<string[]> {
  const names = (await files.list(folder)).filter((name) => /\.md$/i.test(name) && !NOT_GUIDELINES.test(name));
  const texts: string[] = [];
  // One after the other: the budget is shared, and who gets the rest of it must not depend on the disk.
  for (const name of names) {
    const text = await files.read(`${folder}/${name}`);
    if (text !== null && text !== '') texts.push(text);
  }
  return texts;
}
