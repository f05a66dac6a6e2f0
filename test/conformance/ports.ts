/**
 * Blocks of ports, one for each unit that runs at the moment.
 *
 * Several runs on one machine must not hand their servers the same ports: the suite probes for a free one, but a
 * server of another run may take it in between. A block is claimed by listening on a port of its own just below it,
 * which the system releases even if this process is killed. All ports, and those of the cluster bus 10 000 above,
 * stay below the range that Linux gives to outgoing connections.
 */
import { createServer, type Server } from 'node:net';

const FIRST_PORT = 10_240;
const BLOCK_PORTS = 600;
const BLOCKS = 20;
/** The suite's own coordinator listens in the 32 ports below the base port; the claim stands below those. */
const CLAIM_OFFSET = 40;

/** How many ports the suite may use from `basePort` on; Redis' own runner gives as many to one of its clients. */
export const PORTS_PER_UNIT = 500;

export interface PortBlock {
  readonly basePort: number;
  release(): void;
}

export async function claimPortBlock(): Promise<PortBlock> {
  for (let block = 0; block < BLOCKS; block++) {
    const basePort = FIRST_PORT + block * BLOCK_PORTS;
    const claim = await listen(basePort - CLAIM_OFFSET);
    if (claim !== null) return { basePort, release: () => void claim.close() };
  }
  throw new Error(`All ${BLOCKS} blocks of ports are in use by other runs.`);
}

function listen(port: number): Promise<Server | null> {
  return new Promise((done) => {
    const server = createServer((socket) => socket.destroy());
    server.once('error', () => done(null));
    server.listen(port, '127.0.0.1', () => done(server));
  });
}
