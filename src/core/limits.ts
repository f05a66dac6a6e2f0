/** Sizes and counts that bound what one client, key or queue can take. Units are in the names. */

/** An inline request, or the line with a count or length, may be this long before its line end (server.h). */
export const INLINE_BYTES_MAX = 64 * 1024;
/** Arguments of one request. Redis takes INT_MAX; no server that works on one core gets through that many. */
export const ARGUMENTS_MAX = 0x7fffffff;
/** One request with all its arguments; it lies in one piece of memory, and Node 20 makes none larger. */
export const REQUEST_BYTES_MAX = 2 ** 32;
/** What a client may send before it has authenticated. */
export const UNAUTHENTICATED_ARGUMENTS_MAX = 10;
export const UNAUTHENTICATED_BULK_BYTES_MAX = 16384;
/** A bulk argument from here on gets room of its exact size instead of room that doubles. */
export const BIG_ARGUMENT_BYTES = 32 * 1024;
/** Bytes of a reply are collected in buffers of this size. */
export const REPLY_CHUNK_BYTES = 64 * 1024;
/** A bulk reply from here on is lent from the heap instead of copied, where it can be. */
export const LENT_REPLY_BYTES = 64 * 1024;
