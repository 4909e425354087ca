import { createHash } from 'node:crypto';
import { badUserInput } from '../errors/coded-error.ts';

/**
 * An opaque cursor: the index of a row, and a mark of the list that the row is in, so that a cursor of another script
 * or filter, or one that was tampered with, is noticed. The mark is a checksum, not a secret.
 */
export function writeCursor(list: string, index: number): string {
  return Buffer.from(`${index}:${mark(list, index)}`).toString('base64url');
}

/** @returns the index in a cursor that `writeCursor` made for the same list. @throws BAD_USER_INPUT for any other. */
export function readCursor(argument: string, list: string, cursor: string): number {
  const index = cursor.length <= 64 ? Number(/^(\d{1,15}):/.exec(decode(cursor))?.[1]) : Number.NaN;
  if (Number.isNaN(index) || writeCursor(list, index) !== cursor) {
    throw badUserInput(
      argument,
      'this is not a cursor of this list. Give an endCursor of the same script and filter, or leave it out to begin anew.',
    );
  }
  return index;
}

function decode(cursor: string): string {
  return Buffer.from(cursor, 'base64url').toString('latin1');
}

function mark(list: string, index: number): string {
  return createHash('sha256').update(`${index}:${list}`).digest('base64url').slice(0, 8);
}
