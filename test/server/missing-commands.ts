/** Commands of redis-server 7.0.15 that this server does not have yet, by what they wait for. The lists only shrink. */
export const missingCommands: Readonly<Record<string, readonly string[]>> = {
  cluster: words(`
    asking cluster cluster|addslots cluster|addslotsrange cluster|bumpepoch cluster|count-failure-reports
    cluster|countkeysinslot cluster|delslots cluster|delslotsrange cluster|failover cluster|flushslots
    cluster|forget cluster|getkeysinslot cluster|help cluster|info cluster|keyslot cluster|links cluster|meet
    cluster|myid cluster|nodes cluster|replicas cluster|replicate cluster|reset cluster|saveconfig
    cluster|set-config-epoch cluster|setslot cluster|shards cluster|slaves cluster|slots readonly
    readwrite restore-asking
  `),
};

function words(text: string): string[] {
  return text.trim().split(/\s+/);
}
