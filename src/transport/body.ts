import { promisify } from 'node:util';
import { brotliDecompress, gunzip, inflate } from 'node:zlib';
import type { About } from './call.ts';
import { BadResponse } from './failure.ts';

const decoders = {
  gzip: promisify(gunzip),
  'x-gzip': promisify(gunzip),
  deflate: promisify(inflate),
  br: promisify(brotliDecompress),
};

// ignoreBOM keeps the mark in the text, where JSON refuses it: the API documents no such thing.
const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/**
 * A whole body as text. `limit` counts decoded bytes, so that a small compressed body cannot fill the memory.
 * @throws BadResponse for an unknown encoding, a broken or too large body and bytes that are not UTF-8.
 */
export async function readBody(
  about: About,
  bytes: Buffer,
  encoding: string,
  limit: number,
): Promise<string> {
  return decodeText(about, encoding === '' ? bytes : await decompress(about, bytes, encoding, limit));
}

function decodeText(about: About, bytes: Buffer): string {
  try {
    return utf8.decode(bytes);
  } catch (cause) {
    throw new BadResponse(about, 'its bytes are not UTF-8', { cause });
  }
}

export function tooLarge(about: About, limit: number): BadResponse {
  return new BadResponse(about, `it is larger than ${limit} bytes`);
}

async function decompress(about: About, bytes: Buffer, encoding: string, limit: number): Promise<Buffer> {
  const decode = Object.hasOwn(decoders, encoding) ? decoders[encoding as keyof typeof decoders] : undefined;
  if (decode === undefined) throw new BadResponse(about, 'its content-encoding is not supported');
  try {
    return await decode(bytes, { maxOutputLength: limit });
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code === 'ERR_BUFFER_TOO_LARGE') throw tooLarge(about, limit);
    throw new BadResponse(about, 'its body cannot be decompressed', { cause });
  }
}
