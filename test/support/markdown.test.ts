import { describe, expect, it } from 'vitest';
import { findCodeBlocks, findInlineCode, findShellCommands } from './markdown.ts';

const PAGE = `# Title

Run \`npm test\` or \`npm run check\`.

\`\`\`sh
npm install && npm start   # serves
$ redis-cli \\
    SET k v

# a comment alone
\`\`\`

\`\`\`ts
const a = 1; // \`not prose\`
\`\`\`

\`\`\`console
$ resplica --version
resplica v=7.0.15
\`\`\`
`;

describe('the code in a page', () => {
  it('is found block by block', () => {
    expect(findCodeBlocks(PAGE).map(({ language, line }) => [language, line])).toEqual([
      ['sh', 5],
      ['ts', 13],
      ['console', 17],
    ]);
    expect(findCodeBlocks(PAGE)[1]!.text).toBe('const a = 1; // `not prose`');
  });

  it('is split into shell commands without prompts, comments and output', () => {
    expect(findShellCommands(PAGE)).toEqual([
      { text: 'npm install', line: 6 },
      { text: 'npm start', line: 6 },
      { text: 'redis-cli SET k v', line: 7 },
      { text: 'resplica --version', line: 18 },
    ]);
  });

  it('is found in prose', () => {
    expect(findInlineCode(PAGE)).toEqual(['npm test', 'npm run check']);
  });

  it('is refused when a block has no end', () => {
    expect(() => findCodeBlocks('```ts\n')).toThrow('line 1');
  });
});
