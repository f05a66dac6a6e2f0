/**
 * SCRIPT DEBUG: `isolated` debugs a script on a copy of the dataset while others are served, `sync` on the dataset itself
 * while everybody waits. `copy` is how it runs on such a copy.
 */
export type DebugMode = 'off' | 'isolated' | 'sync' | 'copy';
