/** The arrangements in which this server and redis-server replicate each other. */
import type { Plan } from './arrangement.ts';
import type { Config, Make } from './node.ts';

const DISK: Config = { 'repl-diskless-sync': 'no' };
const WAYS: Readonly<Record<string, Config>> = {
  'by way of a file': DISK,
  'by way of the connection': {},
  'loading as it comes': { 'repl-diskless-load': 'on-empty-db' },
  'loading beside the old dataset': { 'repl-diskless-load': 'swapdb' },
  'from a file, loading beside the old dataset': { ...DISK, 'repl-diskless-load': 'swapdb' },
};
const CHAINS: Readonly<Record<string, readonly Make[]>> = {
  'ours follows real': ['real', 'ours'],
  'real follows ours': ['ours', 'real'],
  'ours between two real ones': ['real', 'ours', 'real'],
  'real between two of ours': ['ours', 'real', 'ours'],
};
const PASSWORDS = ['none', 'requirepass', 'masteruser'] as const;

/** Every chain in every way; passwords take turns, so that each chain and each way has all of them. */
export const plans: readonly Plan[] = Object.entries(CHAINS).flatMap(([chain, makes], i) =>
  Object.entries(WAYS).map(([way, config], j): Plan => {
    const password = PASSWORDS[(i + j) % PASSWORDS.length]!;
    const title = `${chain}, ${way}${password === 'none' ? '' : `, with ${password}`}`;
    return { title, makes, config, password };
  }),
);
