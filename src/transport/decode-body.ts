import { isUtf8 } from 'node:buffer';
import { promisify } from 'node:util';
import { brotliDecompress, gunzip, inflate } from 'node:zlib';
import type { About } from './call.ts';
import { BadResponse } from './errors.ts';

const decoders = {
  gzip: promisify(gunzip),
  'x-gzip': promisify(gunzip),
  deflate: promisify(inflate),
  br: promisify(brotliDecompress),
};

/**
 * A whole body as text. `limit` counts decoded bytes, so that a small compressed body cannot fill the memory.
 * @throws BadResponse for an unknown encoding, a broken or too large body and bytes that are not UTF-8.
 */
export function decodeBody(
  about: About,
  bytes: Buffer,
  encoding: string,
  limit: number,
): string | Promise<string> {
  if (encoding === '' || encoding === 'identity') return decodeText(about, bytes);
  return decompress(about, bytes, encoding, limit).then((decoded) => decodeText(about, decoded));
}

function decodeText(about: About, bytes: Buffer): string {
  // A byte order mark stays in the text, where JSON refuses it: the API documents no such thing.
  if (isUtf8(bytes)) return bytes.toString('utf8');
  throw new BadResponse(about, 'its bytes are not UTF-8');
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
