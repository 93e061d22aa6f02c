/** A fenced block of shell commands, as a reader finds it. */
export interface ShellBlock {
  /** The heading above it. */
  readonly section: string;
  /** Without comments and empty lines; a line that ends in a backslash is one with the next. */
  readonly commands: readonly string[];
}

export function shellBlocksIn(markdown: string): ShellBlock[] {
  const blocks: ShellBlock[] = [];
  let section = '';
  let open: string[] | null = null;
  let fence = '';
  for (const line of markdown.split('\n')) {
    const [, mark = '', language = ''] = /^(`{3,}|~{3,})(\w*)/.exec(line) ?? [];
    if (fence !== '') {
      if (mark === fence && language === '') {
        if (open !== null) blocks.push({ section, commands: commandsIn(open) });
        open = null;
        fence = '';
      } else open?.push(line);
    } else if (mark !== '') {
      fence = mark;
      open = language === 'sh' ? [] : null;
    } else if (/^#+ /.test(line)) section = line.replace(/^#+ /, '').trim();
  }
  return blocks;
}

function commandsIn(lines: readonly string[]): string[] {
  return lines
    .join('\n')
    .replaceAll(/\\\n\s*/g, '')
    .split('\n')
    .map((line) => line.replace(/(^|\s)#.*$/, '').trim())
    .filter((line) => line !== '');
}
