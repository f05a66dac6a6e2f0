/** Values to try on a parameter: good ones, wrong ones, and those at the edge of its type. */
import type { Parameter } from '../../src/server/config/parameter.ts';

const BIG_DIGITS = [127, 128, 129];

const numbers = (
  '0 1 -1 2 10 99 100 101 500 600 999 1000 1001 65535 65536 2147483647 2147483648 -2147483648 -2147483649 4294967295 ' +
  '4294967296 9223372036854775807 9223372036854775808 -9223372036854775808 18446744073709551615 ' +
  '18446744073709551616 99999999999999999999999 1048575 1048576 1k 1kb 1M 1mb 1g 1GB 1t +1 01 -0 00 1.5 1e3 0x10 % ' +
  '0% 5% 100% 101% -5% kb b B 1b 17179869183gb 17179869184gb'
).split(' ');

const words =
  '| 1|1 |1 k|yes|no|YES|No|yes |true|1\x002|yes\0x|on|abc|"x"|a b\tc|\xff\x01|default|save|nosave|save nosave|' +
  'now force|SAVE NOW|default save|save  now|noeviction|ALLKEYS-LRU|volatile-ttl|everysec|always|resetchannels|' +
  'local|optional|ip|relative no|hostname|panic|notice|debug|upstart|swapdb|clients';

const general: readonly string[] = [...numbers, ...BIG_DIGITS.map((count) => '9'.repeat(count)), ...words.split('|')];

const saveAttempts = (
  '|900 1|900 1 300 10|900|900 1 300|0 1|1 0|-1 1|1 -1|+5 +6| 900 1|900  1|900 1 |900 |99999999999999999999 5|' +
  '5 4294967296|5 2147483648|9223372036854775807 1|abc 1|1 abc|900\x001 1'
).split('|');

const limitAttempts = (
  '|normal 0 0 0|slave 1gb 1mb 5|replica 5 6 7|pubsub 1kb 2 3|master 0 0 0|foo 0 0 0|slave 1gb 1mb|slave   |' +
  'REPLICA 18446744073709551615 0 0|slave 1 1 -1|slave 1 1 4294967296|slave 1 1 1x|slave 1 1 2147483648|' +
  'slave 1x 1 1|slave -1 1 1|normal 0 0 0 slave 5 5 5 pubsub 6 6 6|slave 1 1 1 slave 2 2 2|slave 1 1 1 foo 1 1 1|' +
  'slave  1 1 1|slave 17179869184gb 0 0|slave 1 1 '
).split('|');

const percentileAttempts = (
  '50|50 99 99.9|0|100|100.1|-1|-0|abc|50 abc|1e1|0x10|0x1.8p1|inf|nan|-inf|1e-320|1e-400|1e400|50  99|50 | 50|' +
  '0.0078125|0.0234375|99.9999999|99.99999949|1.|.5|.|1e|0.0000005|0.0000015|33.333333333|+5|infinity|5\x00|' +
  '12.5 0.1 0.12345678'
).split('|');

/** Tried besides the general ones. */
const further: Readonly<Record<string, readonly string[]>> = {
  'oom-score-adj-values': (
    '0 0 0|1 2 3|-2000 0 2000|-2001 0 0|0 0 2001|1 2|1 2 3 4|a b c|1 2 3x| 1 2|1  2|+1 +2 +3|800 200 0|' +
    '9999999999999999999999 1 1'
  ).split('|'),
  'notify-keyspace-events': 'KEA|Kg|AKE|g$lshzxetd|g$lshzxet|An|KEAn|m|Km|AKEm|n|dn|Q|K E|ag|KEA$|K\0Q'.split('|'),
  'latency-tracking-info-percentiles': percentileAttempts,
  'proc-title-template': (
    'x|{title}|{title} {port}|{foo}|{{|{|{{}|{title|}|{port}{tls-port}|{unixsocket}|{config-file}|{server-mode}| |' +
    '  x |{listen-addr}|{}|{ title}'
  ).split('|'),
  'cluster-announce-hostname': ['a.b-c', 'a_b', 'a'.repeat(255), 'a'.repeat(256), '\xe9', 'A1', 'x\0_'],
  dbfilename: ['x.rdb', 'a/b', 'a\\b', 'a\0/', '/'],
};

/** What alone is tried on parameters that act on the process, on the machine or on our connection. */
const careful: Readonly<Record<string, readonly string[]>> = {
  save: saveAttempts,
  'client-output-buffer-limit': limitAttempts,
  port: ['-1', '65536', 'abc', '', '70000', '1 2'],
  bind: [Array.from('abcdefghijklmnopq').join(' ')],
  maxclients: ['0', '-1', 'abc', '4294967296', '100', '18446744073709551615'],
  'maxmemory-clients': (
    '0 1gb 100% 101% -1 abc % 0% 5% -5% 18446744073709551615 18446744073709551516 18446744073709551515 1g 05% 1gb% ' +
    '9223372036854775807 9223372036854775808'
  ).split(' '),
  'oom-score-adj': ['no', 'NO', 'maybe', '', 'no no'],
  appendonly: ['yes', 'maybe', 'no', ''],
  timeout: ['100000', '-1', 'abc', ''],
  requirepass: ['', 'foo', 'a\0b', '\xff', '"', 'x'.repeat(600)],
  'watchdog-period': ['-1', 'abc', '2147483648'],
  'key-load-delay': ['1', '-1', 'x'],
  'rdb-key-save-delay': ['0', 'x', ''],
};

export function attemptsFor(
  { name }: Parameter,
  { folder, port }: { readonly folder: string; readonly port: number },
): readonly string[] {
  if (name === 'dir') {
    return [folder, '.', '/', '/nonexistent', '..', '', '/etc/passwd', '/etc/passwd/x', '/tmp/../tmp//.', folder];
  }
  if (name === 'port') return [...careful['port']!, String(port)];
  return careful[name] ?? [...(further[name] ?? []), ...general];
}
