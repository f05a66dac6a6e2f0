/** npm run docs:commands: writes the table of commands into README.md. */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { projectRoot } from '../support/project.ts';
import { withCommandTable } from './command-table.ts';

const path = join(projectRoot, 'README.md');
writeFileSync(path, withCommandTable(readFileSync(path, 'utf8')));
