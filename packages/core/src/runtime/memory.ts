/**
 * Memory: one ArrayBuffer that the device hands out in parts. Its bytes lie outside the JavaScript heap, are zeroed,
 * committed by the system only when touched, and never move, so that native code may keep their address.
 * Tensors hold it; freeing detaches the buffer, so a stale array is empty instead of dangling.
 */
import { MessageChannel } from 'node:worker_threads';
import { AnyToAnyError } from '../errors.ts';
import { checkElementType, checkPlace } from './check.ts';
import { arrayOver, elementBytes } from './element.ts';
import { Handle, type Scope } from './handle.ts';
import type { ElementArrays, ElementType, Memory } from './interface.ts';

/** Bytes; what vector kernels like best, and a cache line. */
const alignment = 64;

export class HostMemory implements Memory {
  readonly bytes: number;
  readonly handle: Handle<ArrayBuffer>;
  /** Where the first aligned byte lies in the buffer. */
  readonly start: number;

  /** `address` tells where a buffer lies; the road that needs no addresses leaves it out. */
  constructor(bytes: number, scope: Scope, address?: (buffer: ArrayBuffer) => bigint) {
    if (!Number.isSafeInteger(bytes) || bytes < 0) {
      throw new AnyToAnyError('OPTION_INVALID', `Memory has a whole number of bytes, not ${bytes}.`, {
        bytes,
      });
    }
    const buffer = reserve(bytes + alignment);
    this.bytes = bytes;
    this.start = address === undefined ? 0 : -Number(address(buffer) % BigInt(alignment)) & (alignment - 1);
    this.handle = new Handle(`memory of ${bytes} bytes`, buffer, discard, scope);
    this.handle.watch(this);
  }

  view<T extends ElementType>(type: T, byteOffset = 0, length?: number): ElementArrays[T] {
    checkElementType(type);
    const size = elementBytes(type);
    const elements = length ?? Math.max(0, Math.floor((this.bytes - byteOffset) / size));
    checkPlace(type, byteOffset, elements, this.bytes);
    return arrayOver(type, this.handle.value, this.start + byteOffset, elements);
  }

  free(): void {
    this.handle.dispose();
  }
}

/** Memory of this module, or an error for an object of another making. */
export function hostMemory(memory: Memory): HostMemory {
  if (memory instanceof HostMemory) return memory;
  throw new AnyToAnyError('OPTION_INVALID', 'The memory was not allocated by a device of this library.');
}

function reserve(bytes: number): ArrayBuffer {
  try {
    return new ArrayBuffer(bytes);
  } catch (cause) {
    throw new AnyToAnyError('RUNTIME_FAILED', `The system has no ${bytes} bytes of memory to give.`, {
      cause,
    });
  }
}

// What is sent to a closed port is detached and dropped. One is enough, and it keeps nothing alive.
const { port1: nowhere } = new MessageChannel();
nowhere.close();

/** Gives the pages back at once; leaving a large buffer to the garbage collector would keep them for long. */
function discard(buffer: ArrayBuffer): void {
  nowhere.postMessage(buffer, [buffer]);
}
