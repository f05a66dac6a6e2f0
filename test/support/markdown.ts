/** The code in a Markdown page, so that tests can run it. */

export interface CodeBlock {
  /** The first word after the fence: `ts`, `sh`; '' if there is none. */
  readonly language: string;
  readonly text: string;
  /** Line of the fence, from 1. */
  readonly line: number;
}

export interface ShellCommand {
  /** One command without its prompt: `npm run check`. What `&&` joins is split. */
  readonly text: string;
  readonly line: number;
}

export function findCodeBlocks(page: string): CodeBlock[] {
  const blocks: CodeBlock[] = [];
  let open: { language: string; line: number; fence: string; lines: string[] } | null = null;
  for (const [at, line] of page.split('\n').entries()) {
    const fence = /^\s*(`{3,}|~{3,})\s*(\S*)/.exec(line);
    if (open === null) {
      if (fence !== null) open = { language: fence[2]!, line: at + 1, fence: fence[1]!, lines: [] };
    } else if (fence !== null && fence[1]!.startsWith(open.fence) && fence[2] === '') {
      blocks.push({ language: open.language, text: open.lines.join('\n'), line: open.line });
      open = null;
    } else {
      open.lines.push(line);
    }
  }
  if (open !== null) throw new Error(`The block that opens in line ${open.line} has no end.`);
  return blocks;
}

/** The commands of the shell blocks. A backslash at the end of a line joins the next one; comments are dropped. */
export function findShellCommands(page: string): ShellCommand[] {
  return findCodeBlocks(page)
    .filter(({ language }) => ['sh', 'bash', 'shell', 'console'].includes(language))
    .flatMap(({ text, line, language }) => {
      const joined = text.replaceAll(/\\\n\s*/g, (match) => ' '.repeat(match.length));
      const isTranscript = language === 'console';
      return joined.split('\n').flatMap((command, at) => {
        if (isTranscript && !command.startsWith('$ ')) return [];
        return splitCommand(command.replace(/^\$ /, '')).map((part) => ({ text: part, line: line + 1 + at }));
      });
    });
}

/** The spans in single backticks outside code blocks. */
export function findInlineCode(page: string): string[] {
  const blocks = new Set(findCodeBlocks(page).map(({ line }) => line));
  let inside = false;
  const prose = page.split('\n').filter((line, at) => {
    if (blocks.has(at + 1)) inside = true;
    else if (inside && /^\s*(?:`{3,}|~{3,})\s*$/.test(line)) return (inside = false);
    return !inside;
  });
  return [...prose.join('\n').matchAll(/`([^`\n]+)`/g)].map((match) => match[1]!);
}

function splitCommand(line: string): string[] {
  const withoutComment = line.replace(/(^|\s)#.*$/, '');
  return withoutComment
    .split('&&')
    .map((part) => part.trim().replaceAll(/\s+/g, ' '))
    .filter((part) => part !== '');
}
