/** JSON text in which a bigint is a number with exact digits. */
export function toJson(value: unknown): string {
  try {
    return JSON.stringify(value);
  } catch (error) {
    if (!(error instanceof TypeError)) throw error;
    // Only a bigint brings us here; a replacer on every answer would cost the usual case.
    const marked = JSON.stringify(value, (_name, member) =>
      typeof member === 'bigint' ? `\0${member}\0` : member,
    );
    return marked.replace(/"\\u0000(-?\d+)\\u0000"/g, '$1');
  }
}
