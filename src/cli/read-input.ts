import { closeSync, openSync } from 'node:fs';
import { readAtMost } from '../config/text-file.ts';
import { readStream } from '../transport/read-stream.ts';

/** More than any operation is sent with. */
const MAX_BYTES = 16 * 1024 * 1024;

/** The text of a file, also of a pipe. @throws the system's error, or EFBIG: a device may never end. */
export function readInputFile(path: string): string {
  const file = openSync(path, 'r');
  try {
    return textOf(readAtMost(file, MAX_BYTES));
  } finally {
    closeSync(file);
  }
}

/** The text on stdin. @throws EFBIG: what writes it may never end. */
export async function readStdin(): Promise<string> {
  return textOf(await readStream(process.stdin, MAX_BYTES));
}

function textOf(bytes: Buffer | undefined): string {
  if (bytes) return bytes.toString('utf8');
  throw Object.assign(new Error(`it is larger than ${MAX_BYTES} bytes.`), { code: 'EFBIG' });
}
