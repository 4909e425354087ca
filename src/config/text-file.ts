import { closeSync, constants, fstatSync, openSync, readdirSync, readSync } from 'node:fs';
import { join } from 'node:path';
import { parseEnv } from 'node:util';

/** The text of a file, or why it cannot be read, in words that continue its name. */
export type TextFile = { readonly text: string } | { readonly problem: string };

const CHUNK_BYTES = 64 * 1024;

const REASONS: Readonly<Record<string, string>> = {
  ENOENT: 'does not exist',
  EISDIR: 'is a directory',
  EACCES: 'may not be read by the user that runs this',
};

/** A pipe or a device may keep its reader waiting or never end, and so would block the start. */
export function readTextFile(path: string, maxBytes: number): TextFile {
  let file: number | undefined;
  try {
    // Without O_NONBLOCK, opening a pipe waits for a writer.
    file = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
    const stat = fstatSync(file);
    if (!stat.isFile() && !stat.isDirectory()) {
      return { problem: 'is not read: it is a pipe or a device, not a regular file' };
    }
    const bytes = readAtMost(file, maxBytes);
    // Editors on Windows write a byte order mark before the text.
    return bytes
      ? { text: bytes.toString('utf8').replace(/^\uFEFF/, '') }
      : { problem: `is larger than ${maxBytes / 1024} kB` };
  } catch (error) {
    const { code = '' } = error as NodeJS.ErrnoException;
    return { problem: `${REASONS[code] ?? 'cannot be read'} (${code})` };
  } finally {
    if (file !== undefined) closeSync(file);
  }
}

/** Counts the bytes that it reads: a file may grow, and files in /proc have no size. */
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

/** A line that sets nothing is a problem: Node 20 takes it for the beginning of the next name. Never quotes the line. */
export function parseDotEnv(text: string) {
  // The lines of a quoted value have no name either.
  const masked = text.replace(/=[ \t]*(["'`]).*?\1/gs, (value) => value.replace(/[^=\n]/g, '')).split('\n');
  const problems: string[] = [];
  const lines = text.split('\n').filter((line, index) => {
    const sets = /=|^\s*(?:#|$)/.test(masked[index] ?? '');
    if (!sets)
      problems.push(
        `.env: line ${index + 1} has no =, so it sets nothing. Write NAME=value, or put # before it.`,
      );
    // Node 20 also takes a line of spaces for a part of the next name.
    return sets && line.trim() !== '';
  });
  const dotEnv: Readonly<Record<string, string | undefined>> = parseEnv(lines.join('\n'));
  return { dotEnv, problems };
}

const EXTENSION = '.graphql';

/** From a file, or from a folder of `.graphql` files whose names are the ids. */
export function readDocuments(path: string, maxBytes: number): TextFile {
  let all: readonly string[];
  try {
    all = readdirSync(path);
  } catch {
    // Not a readable folder. Reading it as a file gives the text or the right problem.
    return readTextFile(path, maxBytes);
  }
  const documents: [id: string, text: string][] = [];
  for (const name of all.filter((one) => one.endsWith(EXTENSION))) {
    const file = readTextFile(join(path, name), maxBytes);
    if ('problem' in file)
      return { problem: `has the document ${JSON.stringify(name)}, which ${file.problem}` };
    documents.push([name.slice(0, -EXTENSION.length), file.text]);
  }
  return { text: JSON.stringify(Object.fromEntries(documents)) };
}
