/** DEBUG PROTOCOL: one reply of each type, for the tests of clients. */
import { fail } from '../../core/errors.ts';
import { lowerCaseAscii } from '../../core/latin1.ts';
import type { Reply } from '../../protocol/reply.ts';
import type { Call } from '../call.ts';

const SAMPLES: Readonly<Record<string, (reply: Reply) => void>> = {
  string: (reply) => reply.bulkBinary('Hello World'),
  integer: (reply) => reply.integer(12345),
  // oxlint-disable-next-line approx-constant -- as Redis has it
  double: (reply) => reply.double(3.141),
  bignum: (reply) => reply.bigNumber('1234567999999999999999999999999999999'),
  null: (reply) => reply.nil(),
  array(reply) {
    reply.array(3);
    for (let i = 0; i < 3; i++) reply.integer(i);
  },
  set(reply) {
    reply.set(3);
    for (let i = 0; i < 3; i++) reply.integer(i);
  },
  map(reply) {
    reply.map(3);
    for (let i = 0; i < 3; i++) {
      reply.integer(i);
      reply.boolean(i === 1);
    }
  },
  attrib(reply) {
    if (reply.protocol === 3) {
      reply.raw(Buffer.from('|1\r\n'));
      reply.bulkBinary('key-popularity');
      reply.array(2);
      reply.bulkBinary('key:123');
      reply.integer(90);
    }
    // An attribute is no reply: one has to follow.
    reply.bulkBinary('Some real reply following the attribute');
  },
  push(reply) {
    if (reply.protocol < 3) fail('ERR RESP2 is not supported by this command');
    reply.push(2);
    reply.bulkBinary('server-cpu-usage');
    reply.integer(42);
    reply.bulkBinary('Some real reply following the push reply');
  },
  verbatim: (reply) => reply.verbatim('This is a verbatim\nstring'),
  true: (reply) => reply.boolean(true),
  false: (reply) => reply.boolean(false),
};

const UNKNOWN =
  'ERR Wrong protocol type name. Please use one of the following: ' +
  'string|integer|double|bignum|null|array|set|map|attrib|push|verbatim|true|false';

export function protocolSample(c: Call): void {
  const name = lowerCaseAscii(c.args.binary(2));
  const sample = Object.hasOwn(SAMPLES, name) ? SAMPLES[name] : undefined;
  if (sample === undefined) return fail(UNKNOWN);
  sample(c.reply);
}
