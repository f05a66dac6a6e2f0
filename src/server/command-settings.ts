/** The configuration that commands depend on, under the names that they know it by. Always current: nothing is copied. */
import type { CommandSettings } from '../commands/context.ts';
import type { ConfigValues } from './config/parameters.ts';
import type { Debugging } from './debug/debugging.ts';

export function settingsOf(values: ConfigValues, debugging: Debugging): CommandSettings {
  return {
    get bulkBytesMax(): number {
      return values['proto-max-bulk-len'];
    },
    get isClusterNode(): boolean {
      return values['cluster-enabled'];
    },
    get lazyUserDelete(): boolean {
      return values['lazyfree-lazy-user-del'];
    },
    get lazyServerDelete(): boolean {
      return values['lazyfree-lazy-server-del'];
    },
    get lazyExpire(): boolean {
      return values['lazyfree-lazy-expire'];
    },
    get sparseSketchBytesMax(): number {
      return values['hll-sparse-max-bytes'];
    },
    get sharesIntegers(): boolean {
      return values.maxmemory === 0 || !/-l[rf]u$/.test(values['maxmemory-policy']);
    },
    get lazyUserFlush(): boolean {
      return values['lazyfree-lazy-user-flush'];
    },
    zsetLimits: {
      get packedMembersMax(): number {
        return values['zset-max-listpack-entries'];
      },
      get packedBytesMax(): number {
        return values['zset-max-listpack-value'];
      },
    },
    get packedHashFieldsMax(): number {
      return values['hash-max-listpack-entries'];
    },
    get packedHashBytesMax(): number {
      return values['hash-max-listpack-value'];
    },
    get intsetMembersMax(): number {
      return values['set-max-intset-entries'];
    },
    get listNodeFill(): number {
      return values['list-max-listpack-size'];
    },
    get plainElementBytes(): number {
      return debugging.packedThresholdBytes;
    },
    streamLimits: {
      get nodeBytesMax(): number {
        return values['stream-node-max-bytes'];
      },
      get nodeEntriesMax(): number {
        return values['stream-node-max-entries'];
      },
    },
  };
}
