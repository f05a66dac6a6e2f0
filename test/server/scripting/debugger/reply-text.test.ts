import { expect, it } from 'vitest';
import { replyText } from '../../../../src/server/scripting/debugger/reply-text.ts';

it.each([
  [':7\r\n', '7'],
  ['$3\r\na\nb\r\n', '"a\\nb"'],
  ['$-1\r\n', 'NULL'],
  ['+OK\r\n', '"+OK"'],
  ['-ERR no\r\n', '"-ERR no"'],
  ['*2\r\n:1\r\n*1\r\n$1\r\nx\r\n', '[1,["x"]]'],
  ['*-1\r\n', 'NULL'],
  ['%2\r\n$1\r\na\r\n:1\r\n$1\r\nb\r\n:2\r\n', '{"a" => 1,"b" => 2}'],
  ['~1\r\n#t\r\n', '~(#true)'],
  ['#f\r\n', '#false'],
  ['_\r\n', '(null)'],
  [',1.5\r\n', '(double) 1.5'],
])('shows %j as %s', (reply, text) => {
  expect(replyText(Buffer.from(reply, 'latin1'))).toBe(text);
});
