/** Elements of lists as bytes. */
import { INT64_MAX_LENGTH } from '../core/integer.ts';
import { nodeStart } from './list-node.ts';
import type { ListValue } from './list-value.ts';
import {
  copyElement,
  elementLength,
  firstElement,
  isIntegerElement,
  nextElement,
  seekElement,
  textLength,
  textOffset,
} from './listpack.ts';
import { NO_ELEMENT } from './listpack-format.ts';

/** A copy of the element at an index, which must be there. */
export function copyAt(list: ListValue, index: number): Buffer {
  const { node, offset } = list.placeOf(index);
  if (list.isPlain(node)) return Buffer.from(list.nodeBytes(node));
  const address = list.nodeAt(node);
  const bytes = list.heap.bytesOf(address);
  const p = seekElement(bytes, nodeStart(list.heap, address), offset);
  const copy = Buffer.allocUnsafe(elementLength(bytes, p));
  copyElement(bytes, p, copy, 0);
  return copy;
}

type ElementVisitor = (bytes: Buffer, start: number, end: number) => void;

/** Shows every element, from the head on, as a range of bytes that is valid during the visit. */
export function eachElement(list: ListValue, visit: ElementVisitor): void {
  for (let node = 0; node < list.nodeCount; node++) eachElementOfNode(list, node, visit);
}

/** Shows the elements of one node. */
function eachElementOfNode(list: ListValue, node: number, visit: ElementVisitor): void {
  if (list.isPlain(node)) {
    const bytes = list.nodeBytes(node);
    visit(bytes, 0, bytes.length);
    return;
  }
  const { heap } = list;
  const address = list.nodeAt(node);
  const bytes = heap.bytesOf(address);
  const digits = Buffer.alloc(INT64_MAX_LENGTH);
  let p = firstElement(bytes, nodeStart(heap, address));
  for (; p !== NO_ELEMENT; p = nextElement(bytes, p)) {
    if (isIntegerElement(bytes, p)) visit(digits, 0, copyElement(bytes, p, digits, 0));
    else visit(bytes, textOffset(bytes, p), textOffset(bytes, p) + textLength(bytes, p));
  }
}
