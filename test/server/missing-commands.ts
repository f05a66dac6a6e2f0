/** Commands of redis-server 7.0.15 that this server does not have yet, by what they wait for. The lists only shrink. */
export const missingCommands: Readonly<Record<string, readonly string[]>> = {};
