/** Elements of lists as replies. */
import { LENT_REPLY_BYTES } from '../core/limits.ts';
import { isPlainNode, nodeLength, nodeSize, nodeStart } from '../data/list-node.ts';
import type { ListValue } from '../data/list-value.ts';
import {
  elementBytes,
  firstElement,
  lastElement,
  previousElement,
  seekElement,
  textLength,
  textOffset,
} from '../data/listpack.ts';
import type { Reply } from '../protocol/reply.ts';
import { sendElement } from './send-element.ts';

/** Elements below these heads are integers and texts whose length stands in the head. */
const SHORT_INTEGER_HEADS = 0x80;
const SHORT_TEXT_HEADS = 0xc0;

/** Replies an array of `count` elements, all of them there, from an index on; the last one first if `backward`. */
export function sendRange(reply: Reply, list: ListValue, index: number, count: number, backward = false): void {
  reply.array(count);
  if (count === 0) return;
  let { node, offset } = list.placeOf(backward ? index + count - 1 : index);
  for (let left = count; left > 0;) {
    const sent = backward
      ? sendBackward(reply, list, node, offset, left)
      : sendForward(reply, list, node, offset, left);
    left -= sent;
    if (left === 0) return;
    node += backward ? -1 : 1;
    offset = backward ? nodeSize(list.heap, list.nodeAt(node)) - 1 : 0;
  }
}

/** Sends up to `count` elements of a node from an index on. @returns how many there were. */
function sendForward(reply: Reply, list: ListValue, node: number, offset: number, count: number): number {
  const { heap } = list;
  const address = list.nodeAt(node);
  if (sendAlone(reply, list, address)) return 1;
  const bytes = heap.bytesOf(address);
  const at = nodeStart(heap, address);
  const sent = Math.min(count, nodeSize(heap, address) - offset);
  let p = seekElement(bytes, at, offset);
  for (let left = sent; left > 0; left--) {
    const head = bytes[p]!;
    if (head < SHORT_INTEGER_HEADS) {
      reply.bulkInteger(head);
      p += 2;
    } else if (head < SHORT_TEXT_HEADS) {
      const length = head & 0x3f;
      reply.bulk(bytes, p + 1, length);
      p += length + 2;
    } else {
      sendElement(reply, bytes, p);
      p += elementBytes(bytes, p);
    }
  }
  return sent;
}

/** The same towards the head of the list. */
function sendBackward(reply: Reply, list: ListValue, node: number, offset: number, count: number): number {
  const { heap } = list;
  const address = list.nodeAt(node);
  if (sendAlone(reply, list, address)) return 1;
  const bytes = heap.bytesOf(address);
  const at = nodeStart(heap, address);
  const sent = Math.min(count, offset + 1);
  let p = seekElement(bytes, at, offset);
  for (let left = sent; left > 0; left--) {
    sendElement(reply, bytes, p);
    p = previousElement(bytes, at, p);
  }
  return sent;
}

/** Replies the element of a node that holds nothing else and is long, without copying it. */
function sendAlone(reply: Reply, list: ListValue, address: number): boolean {
  const { heap } = list;
  const isPlain = isPlainNode(heap, address);
  if (!isPlain && nodeLength(heap, address) < LENT_REPLY_BYTES) return false;
  if (!isPlain && nodeSize(heap, address) > 1) return false;
  const bytes = heap.bytesOf(address);
  const at = nodeStart(heap, address);
  const p = isPlain ? at : seekElement(bytes, at, 0);
  const from = isPlain ? at : textOffset(bytes, p);
  const length = isPlain ? nodeLength(heap, address) : textLength(bytes, p);
  if (length >= LENT_REPLY_BYTES && heap.lend(address)) reply.bulkLent(bytes.subarray(from, from + length));
  else reply.bulk(bytes, from, length);
  return true;
}

/** Replies one element. */
export function sendAt(reply: Reply, list: ListValue, index: number): void {
  const { node, offset } = list.placeOf(index);
  const address = list.nodeAt(node);
  if (sendAlone(reply, list, address)) return;
  const bytes = list.heap.bytesOf(address);
  sendElement(reply, bytes, seekElement(bytes, nodeStart(list.heap, address), offset));
}

/** Replies the element at an end. */
export function sendEnd(reply: Reply, list: ListValue, atHead: boolean): void {
  const { heap } = list;
  const address = list.nodeAt(atHead ? 0 : list.nodeCount - 1);
  if (sendAlone(reply, list, address)) return;
  const bytes = heap.bytesOf(address);
  const at = nodeStart(heap, address);
  sendElement(reply, bytes, atHead ? firstElement(bytes, at) : lastElement(bytes, at));
}
