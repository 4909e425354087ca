/** JSON text in which a bigint is a number with exact digits; undefined: it is nested deeper than the stack goes. */
export function toJson(value: unknown): string | undefined {
  try {
    return JSON.stringify(value);
  } catch (error) {
    if (error instanceof RangeError) return undefined;
    // Only a bigint brings us here; a replacer on every answer would cost the usual case.
    const marked = JSON.stringify(value, (_name, member) =>
      typeof member === 'bigint' ? `\0${member}\0` : member,
    );
    return marked.replace(/"\\u0000(-?\d+)\\u0000"/g, '$1');
  }
}
