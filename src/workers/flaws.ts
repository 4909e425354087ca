import type { About } from '../transport/call.ts';
import { BadResponse } from '../transport/failure.ts';

/** A field of an answer that cannot be used: in which row of a list (-1: the answer is no list), its name, and why. */
export type Flaw = readonly [row: number, field: string, reason: string];

/** The BadResponses that stand in place of single fields (`luaauth/reading.ts`), which JSON cannot carry. */
export function flawsOf(value: unknown): readonly Flaw[] | undefined {
  if (typeof value !== 'object' || value === null) return undefined;
  const flaws: Flaw[] = [];
  if (Array.isArray(value)) for (const [index, row] of value.entries()) collect(row, index, flaws);
  else collect(value, -1, flaws);
  return flaws.length > 0 ? flaws : undefined;
}

/** Puts them back in their places. */
export function mendFlaws(about: About, value: unknown, flaws: readonly Flaw[]): void {
  for (const [row, field, reason] of flaws) {
    const holder = (row === -1 ? value : (value as unknown[])[row]) as Record<string, unknown>;
    holder[field] = new BadResponse(about, reason);
  }
}

function collect(row: object, index: number, flaws: Flaw[]): void {
  for (const field in row) {
    const content: unknown = row[field as keyof typeof row];
    if (content instanceof BadResponse) flaws.push([index, field, content.reason]);
  }
}
