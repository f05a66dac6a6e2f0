/** MODULE. There are no modules: the list is empty, and none can be loaded. */
import { replyHelp } from '../commands/help.ts';
import type { Call } from './call.ts';
import { serverFamily } from './rows.ts';

function refuseLoading(c: Call): void {
  const path = c.args.text(2);
  c.server.log.warning(`Module ${path} failed to load: modules are not supported`);
  c.reply.error('ERR Error loading the extension. Please check the server logs.');
}

function refuseUnloading(c: Call): void {
  c.reply.error('ERR Error unloading module: no such module with that name');
}

function help(c: Call): void {
  replyHelp(c, [
    'LIST',
    '    List the modules that are loaded: always none.',
    'LOAD <path> [<arg> ...]',
    '    Load a module: not supported.',
    'LOADEX <path> [[CONFIG NAME VALUE] [CONFIG NAME VALUE]] [ARGS ...]',
    '    Load a module with its configuration: not supported.',
    'UNLOAD <name>',
    '    Unload a module.',
  ]);
}

const loading = ['admin', 'noscript', 'no_async_loading', 'protected'] as const;

export const moduleCommands = serverFamily('server', [
  {
    name: 'module',
    arity: -2,
    flags: [],
    since: '4.0.0',
    summary: 'Would manage modules, of which there are none',
    complexity: 'Depends on subcommand.',
    subcommands: [
      {
        name: 'help',
        arity: 2,
        flags: ['loading', 'stale'],
        since: '5.0.0',
        summary: 'Explains the subcommands',
        complexity: 'O(1)',
        run: help,
      },
      {
        name: 'list',
        arity: 2,
        flags: ['admin', 'noscript'],
        tips: ['nondeterministic_output_order'],
        since: '4.0.0',
        summary: 'Lists the modules that are loaded',
        complexity: 'O(N) where N is the number of loaded modules.',
        run: (c) => c.reply.array(0),
      },
      {
        name: 'load',
        arity: -3,
        flags: loading,
        since: '4.0.0',
        summary: 'Loads a module',
        complexity: 'O(1)',
        syntax: 'path [arg ...]',
        run: refuseLoading,
      },
      {
        name: 'loadex',
        arity: -3,
        flags: loading,
        since: '7.0.0',
        summary: 'Loads a module with its configuration',
        complexity: 'O(1)',
        syntax: 'path [CONFIG... configs=<name value>] [ARGS args=<arg> ...]',
        run: refuseLoading,
      },
      {
        name: 'unload',
        arity: 3,
        flags: loading,
        since: '4.0.0',
        summary: 'Unloads a module',
        complexity: 'O(1)',
        syntax: 'name',
        run: refuseUnloading,
      },
    ],
  },
]);
