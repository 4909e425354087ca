import { closeSync, constants, fstatSync, openSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseEnv } from 'node:util';
import { named, Unusable } from './unusable.ts';

const REASONS: Readonly<Record<string, string>> = {
  ENOENT: 'does not exist',
  EISDIR: 'is a directory',
  EACCES: 'may not be read by the user that runs this',
};

/** A pipe or a device may keep its reader waiting or never end, and so would block the start. @throws Unusable */
export function readTextFile(
  path: string,
  maxBytes: number,
  advice = 'Give the path of a readable file.',
): string {
  const unusable = (reason: string) => new Unusable(`the file ${reason}. ${advice}`);
  let file: number | undefined;
  try {
    // Without O_NONBLOCK, opening a pipe waits for a writer.
    file = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
    const stat = fstatSync(file);
    if (!stat.isFile() && !stat.isDirectory())
      throw unusable('is not read: it is a pipe or a device, not a regular file');
    if (stat.isFile() && stat.size > maxBytes) throw unusable(`is larger than ${maxBytes / 1024} kB`);
    // Editors on Windows write a byte order mark before the text.
    return readFileSync(file, 'utf8').replace(/^\uFEFF/, '');
  } catch (error) {
    if (error instanceof Unusable) throw error;
    const { code = '' } = error as NodeJS.ErrnoException;
    throw unusable(`${REASONS[code] ?? 'cannot be read'} (${code})`);
  } finally {
    if (file !== undefined) closeSync(file);
  }
}

/**
 * Adds a problem for each line that sets nothing, without quoting it: Node 20 takes such a line for the beginning of the next
 * name.
 */
export function parseDotEnv(text: string, problems: string[]): Readonly<Record<string, string | undefined>> {
  // The lines of a quoted value have no name either.
  const masked = text.replace(/=[ \t]*(["'`]).*?\1/gs, (value) => value.replace(/[^=\n]/g, '')).split('\n');
  const lines = text.split('\n').filter((line, index) => {
    const sets = /=|^\s*(?:#|$)/.test(masked[index] ?? '');
    if (!sets)
      problems.push(
        `.env: line ${index + 1} has no =, so it sets nothing. Write NAME=value, or put # before it.`,
      );
    // Node 20 also takes a line of spaces for a part of the next name.
    return sets && line.trim() !== '';
  });
  return parseEnv(lines.join('\n'));
}

const EXTENSION = '.graphql';

/** From a file, or from a folder of `.graphql` files whose names are the ids. @throws Unusable */
export function readDocuments(path: string, maxBytes: number): string {
  let all: readonly string[];
  try {
    all = readdirSync(path);
  } catch {
    // Not a readable folder. Reading it as a file gives the text or the right problem.
    return readTextFile(path, maxBytes);
  }
  const documents = all
    .filter((name) => name.endsWith(EXTENSION))
    .map((name): [id: string, text: string] => {
      const text = named(`its document ${JSON.stringify(name)}`, () =>
        readTextFile(join(path, name), maxBytes),
      );
      return [name.slice(0, -EXTENSION.length), text];
    });
  return JSON.stringify(Object.fromEntries(documents));
}
