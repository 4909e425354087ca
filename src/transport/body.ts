import { isUtf8 } from 'node:buffer';
import { promisify } from 'node:util';
import { brotliDecompress, gunzip, inflate } from 'node:zlib';
import type { About } from './call.ts';
import { BadResponse } from './errors.ts';

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

const decoders = {
  gzip: promisify(gunzip),
  'x-gzip': promisify(gunzip),
  deflate: promisify(inflate),
  br: promisify(brotliDecompress),
};

/**
 * Inflates an answer that a proxy has compressed, though no request asks for it. `limit` counts decoded bytes.
 * @throws BadResponse for an unknown encoding, and for a broken or too large body
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

export function tooLarge(about: About, limit: number): BadResponse {
  return new BadResponse(about, `it is larger than ${limit} bytes`);
}

/** A failure may have any bytes: its status says more. @throws BadResponse for other bytes that are not UTF-8 */
export function decodeText(about: About, bytes: Buffer, status: number): string {
  // A byte order mark stays in the text, and JSON refuses it: the API documents no such mark.
  if (status >= 400 || isUtf8(bytes)) return bytes.toString('utf8');
  throw new BadResponse(about, 'its bytes are not UTF-8');
}
