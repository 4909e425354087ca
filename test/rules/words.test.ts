import { readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { expect, it } from 'vitest';

const SRC = fileURLToPath(new URL('../../src/', import.meta.url));
/** A comment, and a sentence of one. */
const IN_COMMENT = /^\s*(?:\/\/|\/?\*+)\s*(.*)$/;
const BEGINS_BADLY = /(?:^|[.!?]\s)(?:Who|Whose|Whom|Whoever|What|Of)\b/;

it('no sentence of a comment begins with Who, Whose, Whoever, What or Of: it says why, or what is promised', () => {
  const bad = sources().flatMap((file) => {
    const lines = readFileSync(SRC + file, 'utf8').split('\n');
    return lines
      .map((line, index) => ({
        line,
        at: `${file}:${index + 1}`,
        before: IN_COMMENT.exec(lines[index - 1] ?? '')?.[1],
      }))
      .filter(({ line, before }) => {
        const text = (IN_COMMENT.exec(line)?.[1] ?? '').trim();
        // A line that goes on with a sentence begins with whatever word comes next.
        return BEGINS_BADLY.test(before && !/[.!?:]$/.test(before.trim()) ? `x ${text}` : text);
      })
      .map(({ at, line }) => `${at} ${line.trim()}`);
  });
  expect(bad).toEqual([]);
});

function sources(): readonly string[] {
  const found = readdirSync(SRC, { recursive: true, encoding: 'utf8' }).filter((file) =>
    /\.tsx?$/.test(file),
  );
  expect(found.length).toBeGreaterThan(200);
  return found;
}
