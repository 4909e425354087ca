/** What a block holds at least, so that the first few chunks do not make one each. */
const LEAST_BYTES = 1024;

/**
 * The bytes of a body as its chunks come, in about its size of memory however small they are: a chunk of one byte is an
 * object of several hundred. A single chunk, which most bodies are, is kept as it is; further ones are copied, so that
 * none of them keeps the larger piece of memory alive that it may be a slice of.
 */
export class GrowingBuffer {
  #block: Buffer = EMPTY;
  #size = 0;
  #isOwn = false;

  /** How many bytes have been appended. */
  get size(): number {
    return this.#size;
  }

  /** Takes the next chunk, which must not change from then on. */
  append(chunk: Uint8Array): void {
    if (this.#size === 0) {
      this.#block = Buffer.isBuffer(chunk) ? chunk : viewOf(chunk);
    } else {
      this.#makeRoom(this.#size + chunk.length);
      this.#block.set(chunk, this.#size);
    }
    this.#size += chunk.length;
  }

  /** All bytes so far, without a copy: whoever has taken them appends no more. */
  bytes(): Buffer {
    return this.#isOwn ? this.#block.subarray(0, this.#size) : this.#block;
  }

  #makeRoom(needed: number): void {
    if (this.#isOwn && needed <= this.#block.length) return;
    const larger = Buffer.allocUnsafe(Math.max(needed, 2 * this.#block.length, LEAST_BYTES));
    larger.set(this.#block.subarray(0, this.#size));
    this.#block = larger;
    this.#isOwn = true;
  }
}

const EMPTY = Buffer.alloc(0);

function viewOf({ buffer, byteOffset, byteLength }: Uint8Array): Buffer {
  return Buffer.from(buffer, byteOffset, byteLength);
}
