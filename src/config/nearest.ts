const MOST_EDITS = 2;

/** The name that is most similar to the given text. Undefined if all differ by more edits. */
export function nearest(text: string, names: readonly string[]): string | undefined {
  const given = text.toUpperCase();
  let found: string | undefined;
  // If every letter would have to change, the names are not similar.
  let most = Math.min(MOST_EDITS, given.length - 1);
  for (const name of names) {
    // Each letter more or less is an edit, so most names need no comparison.
    if (Math.abs(name.length - given.length) > most) continue;
    const edits = editsBetween(given, name.toUpperCase());
    if (edits > most) continue;
    found = name;
    most = edits - 1;
  }
  return found;
}

/** The number of letters to add, remove or change to get from one text to the other (Levenshtein). */
function editsBetween(from: string, to: string): number {
  let row = Array.from({ length: to.length + 1 }, (_, index) => index);
  for (const [index, letter] of [...from].entries()) {
    const next = [index + 1];
    for (const [column, other] of [...to].entries()) {
      const changed = (row[column] ?? 0) + (letter === other ? 0 : 1);
      next.push(Math.min(changed, (row[column + 1] ?? 0) + 1, (next[column] ?? 0) + 1));
    }
    row = next;
  }
  return row[to.length] ?? 0;
}
