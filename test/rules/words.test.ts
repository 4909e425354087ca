import { readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { expect, it } from 'vitest';

const ROOT = fileURLToPath(new URL('../../', import.meta.url));
/** A comment, and a sentence of one. */
const IN_COMMENT = /^\s*(?:\/\/|\/?\*+)\s*(.*)$/;
const BEGINS_BADLY = /(?:^|[.!?]\s)(?:Who|Whose|Whom|Whoever|What|Of)\b/;

it('no sentence of a comment begins with Who, Whose, Whoever, What or Of: it says why, or what is promised', () => {
  const files = sources();
  expect(files.length).toBeGreaterThan(500);
  const bad = files.flatMap((file) => {
    const lines = readFileSync(ROOT + file, 'utf8').split('\n');
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

/** The comments in `gql` and `__generated__` are made from the schema's descriptions. */
const NOT_OURS = /^(?:node_modules|dist|gql|__\w+__|coverage|\..+)$/;

function sources(folder = ''): readonly string[] {
  return readdirSync(ROOT + folder, { withFileTypes: true })
    .filter(({ name }) => !NOT_OURS.test(name))
    .flatMap((entry) => {
      const path = folder + entry.name;
      if (entry.isDirectory()) return sources(`${path}/`);
      return /\.tsx?$/.test(path) ? [path] : [];
    });
}
