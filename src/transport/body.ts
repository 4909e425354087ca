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
