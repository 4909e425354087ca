import { isUtf8 } from 'node:buffer';
import { promisify } from 'node:util';
import { brotliDecompress, gunzip, inflate } from 'node:zlib';
import type { About } from './call.ts';
import { BadResponse } from './errors.ts';

/** The least size of a block, so that the first few chunks do not make one each. */
const LEAST_BYTES = 1024;

/**
 * The bytes of a body as its chunks come, in about its size of memory however small they are: a chunk of one byte is an
 * object of several hundred. A single chunk, which most bodies are, is kept as it is; further ones are copied, so that
 * none of them keeps the larger piece of memory alive that it may be a slice of.
 */
export class GrowingBuffer {
  /** How many bytes have been appended. */
  size = 0;
  #block: Buffer = EMPTY;
  #isOwn = false;

  /** Takes the next chunk, which must not change from then on. */
  append(chunk: Uint8Array): void {
    if (this.size === 0) {
      this.#block = Buffer.isBuffer(chunk) ? chunk : viewOf(chunk);
    } else {
      this.#makeRoom(this.size + chunk.length);
      this.#block.set(chunk, this.size);
    }
    this.size += chunk.length;
  }

  /** All bytes so far, without a copy: whoever has taken them appends no more. */
  bytes(): Buffer {
    return this.#isOwn ? this.#block.subarray(0, this.size) : this.#block;
  }

  #makeRoom(needed: number): void {
    if (this.#isOwn && needed <= this.#block.length) return;
    const larger = Buffer.allocUnsafe(Math.max(needed, 2 * this.#block.length, LEAST_BYTES));
    larger.set(this.#block.subarray(0, this.size));
    this.#block = larger;
    this.#isOwn = true;
  }
}

const EMPTY = Buffer.alloc(0);

function viewOf({ buffer, byteOffset, byteLength }: Uint8Array): Buffer {
  return Buffer.from(buffer, byteOffset, byteLength);
}

/** All bytes of a stream; undefined: there are more than `maxBytes`, and the rest is not read. */
export async function readStream(chunks: AsyncIterable<Uint8Array> | Iterable<Uint8Array>, maxBytes: number) {
  const found = new GrowingBuffer();
  for await (const chunk of chunks) {
    found.append(chunk);
    if (found.size > maxBytes) return undefined;
  }
  return found.bytes();
}

const decoders = {
  gzip: promisify(gunzip),
  'x-gzip': promisify(gunzip),
  deflate: promisify(inflate),
  br: promisify(brotliDecompress),
};

/** A whole body as text. @throws BadResponse for bytes that are not UTF-8, unless they explain a failure: its status says more. */
export function decodeText(about: About, bytes: Buffer, status: number): string {
  // A byte order mark stays in the text, where JSON refuses it: the API documents no such thing.
  if (status >= 400 || isUtf8(bytes)) return bytes.toString('utf8');
  throw new BadResponse(about, 'its bytes are not UTF-8');
}

export function tooLarge(about: About, limit: number): BadResponse {
  return new BadResponse(about, `it is larger than ${limit} bytes`);
}

/**
 * The bytes of a compressed body. `limit` counts decoded ones, so that a small body cannot fill the memory.
 * @throws BadResponse for an unknown encoding, and for a broken or too large body.
 */
export async function decompress(about: About, bytes: Buffer, encoding: string, limit: number) {
  const decode = Object.hasOwn(decoders, encoding) ? decoders[encoding as keyof typeof decoders] : undefined;
  if (decode === undefined) throw new BadResponse(about, 'its content-encoding is not supported');
  try {
    return await decode(bytes, { maxOutputLength: limit });
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code === 'ERR_BUFFER_TOO_LARGE') throw tooLarge(about, limit);
    throw new BadResponse(about, 'its body cannot be decompressed', { cause });
  }
}
