import { type KeyEntries, parseKeyEntries } from '../callers/key-entries.ts';
import { readTextFile } from './text-file.ts';

const MAX_KEYS_FILE_BYTES = 4 * 1024 * 1024;

/** Whether a file of gateway keys says of each what it allows; any other is a plain list. */
export function isKeysFile(path: string): boolean {
  return path.toLowerCase().endsWith('.json');
}

/** The gateway keys in a file, or all that is wrong with it. */
export function readKeysFile(path: string): KeyEntries {
  const read = readTextFile(path, MAX_KEYS_FILE_BYTES);
  if ('problem' in read) return { problems: [`${read.problem}. Give the path of a readable file`] };
  return parseKeyEntries(read.text);
}
