import { isUtf8 } from 'node:buffer';
import { GrowingBuffer } from '../../../transport/body.ts';

/** A line of the input, counted from 1, without its line feed; or why it cannot be read. */
export type InputLine = {
  readonly line: number;
  readonly endByte: number;
} & ({ readonly text: string } | { readonly problem: string });

const LINE_FEED = 10;

/** A line of more than `maxBytes` is skipped and not kept in memory. */
export async function* readLines(
  chunks: AsyncIterable<Buffer>,
  maxBytes: number,
): AsyncGenerator<InputLine, undefined> {
  let line = 1;
  let endByte = 0;
  let kept = new GrowingBuffer();
  let size = 0;
  const take = (part: Buffer) => {
    size += part.length;
    endByte += part.length;
    if (size <= maxBytes) kept.append(part);
  };
  const ended = (): InputLine => {
    const found = { line, endByte, ...contentOf(size > maxBytes ? undefined : kept.bytes(), line, maxBytes) };
    line += 1;
    kept = new GrowingBuffer();
    size = 0;
    return found;
  };
  for await (const chunk of chunks) {
    let from = 0;
    for (let at = chunk.indexOf(LINE_FEED); at >= 0; at = chunk.indexOf(LINE_FEED, from)) {
      take(chunk.subarray(from, at));
      endByte += 1;
      yield ended();
      from = at + 1;
    }
    take(chunk.subarray(from));
  }
  if (size > 0) yield ended();
}

function contentOf(bytes: Buffer | undefined, line: number, maxBytes: number) {
  if (bytes === undefined)
    return { problem: `it has more than ${maxBytes} bytes, the limit of a row. Make it shorter` };
  if (!isUtf8(bytes)) return { problem: 'it is not UTF-8. Save the file as UTF-8' };
  const text = bytes.toString('utf8');
  // Windows puts a byte order mark before the first line.
  return { text: line === 1 ? text.replace(/^\uFEFF/, '') : text };
}
