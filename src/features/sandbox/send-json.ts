/** Writes JSON with bigints as exact numbers. Undefined if the value is nested too deep for the stack. */
export function toJson(value: unknown): string | undefined {
  try {
    return JSON.stringify(value);
  } catch (error) {
    if (error instanceof RangeError) return undefined;
    // Only a bigint leads here. A replacer for every answer would be slower.
    const marked = JSON.stringify(value, (_name, member) =>
      typeof member === 'bigint' ? `\0${member}\0` : member,
    );
    return marked.replace(/"\\u0000(-?\d+)\\u0000"/g, '$1');
  }
}
