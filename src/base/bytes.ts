/** The size of a block in bytes. The first few chunks of a body share a block. */
const LEAST_BYTES = 1024;

/**
 * Collects a body in about its own size of memory. (A chunk of one byte is an object of several hundred bytes.) A single
 * chunk is kept without a copy. Further chunks are copied, since a slice would keep its whole buffer.
 */
export class GrowingBuffer {
  size = 0;
  #block: Buffer = EMPTY;
  #ownsBlock = false;

  append(chunk: Uint8Array): void {
    if (this.size === 0) {
      this.#block = Buffer.isBuffer(chunk) ? chunk : viewOf(chunk);
    } else {
      this.#makeRoom(this.size + chunk.length);
      this.#block.set(chunk, this.size);
    }
    this.size += chunk.length;
  }

  /** Returns all bytes so far without a copy. Nothing may be appended afterwards. */
  bytes(): Buffer {
    return this.#ownsBlock ? this.#block.subarray(0, this.size) : this.#block;
  }

  #makeRoom(needed: number): void {
    if (this.#ownsBlock && needed <= this.#block.length) return;
    const larger = Buffer.allocUnsafe(Math.max(needed, 2 * this.#block.length, LEAST_BYTES));
    larger.set(this.#block.subarray(0, this.size));
    this.#block = larger;
    this.#ownsBlock = true;
  }
}

const EMPTY = Buffer.alloc(0);

function viewOf({ buffer, byteOffset, byteLength }: Uint8Array): Buffer {
  return Buffer.from(buffer, byteOffset, byteLength);
}

/** Returns all bytes of a stream. Returns undefined at more than `maxBytes`, without reading the rest. */
export async function readStream(chunks: AsyncIterable<Uint8Array> | Iterable<Uint8Array>, maxBytes: number) {
  const found = new GrowingBuffer();
  for await (const chunk of chunks) {
    found.append(chunk);
    if (found.size > maxBytes) return undefined;
  }
  return found.bytes();
}
