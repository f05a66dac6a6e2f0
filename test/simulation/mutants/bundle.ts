/** Builds the simulation with a mutant in it: one file that needs nothing else, outside of the project. */
import { readFile } from 'node:fs/promises';
import { relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build, type Plugin } from 'esbuild';
import { type Edit, patch } from './mutant.ts';

const ROOT = fileURLToPath(new URL('../../../', import.meta.url));
const PLAYER = fileURLToPath(new URL('player.ts', import.meta.url));
/** Bundled packages that are CommonJS ask for it. */
const REQUIRE = "import { createRequire } from 'node:module'; const require = createRequire(import.meta.url);";

/** @param outfile gets the player (player.ts) over the patched sources. */
export async function bundlePlayer(edits: readonly Edit[], outfile: string): Promise<void> {
  await build({
    entryPoints: [PLAYER],
    bundle: true,
    format: 'esm',
    platform: 'node',
    target: 'node20',
    outfile,
    banner: { js: REQUIRE },
    external: ['esbuild'],
    logLevel: 'warning',
    plugins: [patching(edits)],
  });
}

function patching(edits: readonly Edit[]): Plugin {
  const patched = new Set(edits.map(({ file }) => file));
  return {
    name: 'mutant',
    setup({ onLoad }) {
      onLoad({ filter: /\.ts$/ }, async ({ path }) => {
        const file = relative(ROOT, path).replaceAll('\\', '/');
        if (!patched.has(file)) return null;
        return { contents: patch(file, await readFile(path, 'utf8'), edits), loader: 'ts' };
      });
    },
  };
}

/** @returns the source text of a file, by its path from the root. */
export function readSource(file: string): Promise<string> {
  return readFile(`${ROOT}${file}`, 'utf8');
}
