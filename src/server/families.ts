/** Every command of a standalone server: the families of data commands and those of the server itself. */
import type { Family } from '../commands/row.ts';
import { stringCommands } from '../commands/string.ts';
import { commandCommands } from './command-commands.ts';
import { pubsubCommands } from './pubsub-commands.ts';
import { transactionCommands } from './transaction-commands.ts';

export const standaloneFamilies: readonly Family[] = [
  stringCommands,
  commandCommands,
  pubsubCommands,
  transactionCommands,
];
