import { describe, expect, it } from 'vitest';
import { type BootServerOptions, bootServer } from '../../src/index.ts';
import { World } from '../../src/sim/index.ts';

/** A world with a server, and a client that sends one line after the other and collects the answers. */
function talk(options: BootServerOptions, lines: readonly string[], port = 6379): { world: World; answers: string } {
  const world = new World({ seed: 7 });
  world.boot('redis', bootServer(options));
  const heard: string[] = [];
  world.boot('client', (host) => {
    const connection = host.net.connect(
      { kind: 'tcp', host: 'redis', port },
      {
        open: () => void connection.write(Buffer.from(lines.map((line) => `${line}\r\n`).join(''))),
        data: (chunk) => heard.push(chunk.toString()),
        close: (error) => heard.push(error?.code ?? 'closed'),
      },
      { timeoutMs: 500 },
    );
  });
  world.runFor(1000);
  return { world, answers: heard.join('') };
}

describe('a server in a simulated world', () => {
  it('listens on port 6379 for everybody', () => {
    expect(talk({}, ['SET k v', 'GET k']).answers).toBe('+OK\r\n$1\r\nv\r\n');
  });

  it('takes the options of a server', () => {
    const options = { port: 7000, password: 'secret', config: { databases: 3 } };
    const answers = '-NOAUTH Authentication required.\r\n+OK\r\n*2\r\n$9\r\ndatabases\r\n$1\r\n3\r\n';
    expect(talk(options, ['PING', 'AUTH secret', 'CONFIG GET databases'], 7000).answers).toBe(answers);
  });

  it('has the same history twice', () => {
    const lines = ['SET k v PX 100', 'RANDOMKEY', 'INFO'];
    const [first, second] = [talk({}, lines), talk({}, lines)];
    expect(second.answers).toBe(first.answers);
    expect(second.world.traceHash).toBe(first.world.traceHash);
  });

  it('refuses wrong options before the world begins, and wrong directives when it boots', () => {
    expect(() => bootServer({ port: -1 })).toThrow('Option "port"');
    const world = new World({ seed: 1 });
    expect(() => {
      world.boot('redis', bootServer({ config: { nonsense: 1 } }));
      world.runFor(1);
    }).toThrow('nonsense');
  });
});
