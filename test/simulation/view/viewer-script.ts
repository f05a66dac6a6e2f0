/** The program of the page, bundled from source as the build does. */
import { buildSync } from 'esbuild';
import { join } from 'node:path';
import { projectRoot } from '../../support/project.ts';

export function viewerScript(): string {
  const { outputFiles } = buildSync({
    entryPoints: [join(projectRoot, 'src/simulation/view/browser/main.ts')],
    bundle: true,
    format: 'iife',
    target: 'es2022',
    write: false,
  });
  return outputFiles[0]!.text;
}
