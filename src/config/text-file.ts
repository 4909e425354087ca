import { closeSync, constants, fstatSync, openSync, readSync } from 'node:fs';

/** The text of a file, or why it is not read, in words that go on after its name. */
export type TextFile = { readonly text: string } | { readonly problem: string };

const CHUNK_BYTES = 64 * 1024;

/**
 * Reads a file of at most `maxBytes`. Only a regular one is read: a pipe or a device may keep its reader waiting, or never
 * end, and the start with it.
 */
export function readTextFile(path: string, maxBytes: number): TextFile {
  let file: number | undefined;
  try {
    // Without O_NONBLOCK the opening of a pipe waits until somebody writes to it.
    file = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
    const stat = fstatSync(file);
    if (!stat.isFile() && !stat.isDirectory()) {
      return { problem: 'is not read: it is a pipe or a device, not a regular file' };
    }
    const bytes = readAtMost(file, maxBytes);
    return bytes ? { text: bytes.toString('utf8') } : { problem: `is larger than ${maxBytes} bytes` };
  } catch (error) {
    return { problem: `cannot be read (${(error as NodeJS.ErrnoException).code})` };
  } finally {
    if (file !== undefined) closeSync(file);
  }
}

/** Counts what it reads: a file may grow, and those in /proc have no size. */
export function readAtMost(file: number, maxBytes: number): Buffer | undefined {
  const chunks: Buffer[] = [];
  for (let size = 0; size <= maxBytes; ) {
    const chunk = Buffer.allocUnsafe(CHUNK_BYTES);
    const read = readSync(file, chunk, 0, CHUNK_BYTES, null);
    if (read === 0) return Buffer.concat(chunks);
    chunks.push(chunk.subarray(0, read));
    size += read;
  }
  return undefined;
}
