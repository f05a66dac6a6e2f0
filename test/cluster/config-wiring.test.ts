import { describe, expect, it } from 'vitest';
import { serve } from '../support/serving.ts';

describe('CONFIG SET on a node of a cluster', () => {
  it('changes at once what the node says of itself', async () => {
    await using node = await serve({ config: { 'cluster-enabled': 'yes' } });
    const client = await node.connect();
    const row = async (): Promise<string> => String(await client.call('CLUSTER', 'NODES')).slice(41);
    const [, own] = /^(:\d+@\d+) myself,master /.exec(await row())!;
    await client.call('CONFIG', 'SET', 'cluster-announce-ip', '10.9.8.7', 'cluster-announce-port', 12345);
    await client.call('CONFIG', 'SET', 'cluster-announce-bus-port', 23456, 'cluster-announce-hostname', 'h.example');
    await client.call('CONFIG', 'SET', 'cluster-replica-no-failover', 'yes');
    expect(await row()).toMatch(/^10\.9\.8\.7:12345@23456,h\.example myself,master,nofailover /);
    await client.call('CONFIG', 'SET', 'cluster-announce-ip', '', 'cluster-announce-port', 0);
    await client.call('CONFIG', 'SET', 'cluster-announce-bus-port', 0, 'cluster-announce-hostname', '');
    await client.call('CONFIG', 'SET', 'cluster-replica-no-failover', 'no');
    expect((await row()).startsWith(`${own!} myself,master - `)).toBe(true);
  });
});
