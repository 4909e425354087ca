import { createHash } from 'node:crypto';
import type { GraphQLError } from 'graphql';
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
  const index = indexIn(cursor);
  if (index === undefined || writeCursor(list, index) !== cursor) throw noCursor(argument);
  return index;
}

/** @throws BAD_USER_INPUT for what is a cursor of no list at all. */
export function checkCursor(argument: string, cursor: string): void {
  if (indexIn(cursor) === undefined) throw noCursor(argument);
}

function noCursor(argument: string): GraphQLError {
  return badUserInput(
    argument,
    'this is not a cursor of this list. Give an endCursor of the same script and filter, or leave it out to begin anew.',
  );
}

/** The index in what has the form of a cursor. */
function indexIn(cursor: string): number | undefined {
  const [, index] = (cursor.length <= 64 && /^(\d{1,15}):[\w-]{8}$/.exec(decode(cursor))) || [];
  return index === undefined ? undefined : Number(index);
}

function decode(cursor: string): string {
  return Buffer.from(cursor, 'base64url').toString('latin1');
}

function mark(list: string, index: number): string {
  return createHash('sha256').update(`${index}:${list}`).digest('base64url').slice(0, 8);
}
