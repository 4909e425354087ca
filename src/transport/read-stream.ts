import { GrowingBuffer } from './body.ts';

/** All bytes of a stream; undefined: there are more than `maxBytes`, and the rest is not read. */
export async function readStream(
  chunks: AsyncIterable<Uint8Array> | Iterable<Uint8Array>,
  maxBytes: number,
): Promise<Buffer | undefined> {
  const found = new GrowingBuffer();
  for await (const chunk of chunks) {
    found.append(chunk);
    if (found.size > maxBytes) return undefined;
  }
  return found.bytes();
}
