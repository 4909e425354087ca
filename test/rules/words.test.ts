import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { expect, it } from 'vitest';

const ROOT = fileURLToPath(new URL('../../', import.meta.url));

/** Words that make a sentence hard to read, each with what to write instead. */
const WORDS: readonly (readonly [pattern: RegExp, instead: string])[] = [
  [/\b(?:nobody|no one|whoever|whomever)\b/i, 'name the subject'],
  [/\bones? (?:that|which|who|whose)\b/i, 'name the thing'],
  [/\bthose (?:that|which|who|whose|of)\b/i, 'name the things'],
  [/(?<!all )\bof before\b/i, 'write "the previous ..."'],
  [/\bthe own\b/i, 'write "its own"'],
  [/\butili[sz]e/i, 'write "use"'],
];

/** Files whose words are not ours, or name the words. */
const NOT_OURS =
  /package-lock|CODE_OF_CONDUCT|test\/rules\/words|\/generated\/|\/gql\/|\.svg$|\.png$|^test\//;

it('no comment, message or page has a word that makes readers look for its noun', () => {
  const files = execFileSync('git', ['ls-files', '*.ts', '*.tsx', '*.md', '*.yaml', '*.yml'], { cwd: ROOT })
    .toString()
    .split('\n')
    .filter((file) => file !== '' && !NOT_OURS.test(file));
  expect(files.length).toBeGreaterThan(400);
  const found = files.flatMap((file) =>
    readFileSync(ROOT + file, 'utf8')
      .split('\n')
      .flatMap((line, index) =>
        WORDS.filter(([pattern]) => isProse(file, line) && pattern.test(line)).map(
          ([, instead]) => `${file}:${index + 1} ${instead}: ${line.trim()}`,
        ),
      ),
  );
  expect(found).toEqual([]);
});

/** Pages are prose; of code, the comments are. */
function isProse(file: string, line: string): boolean {
  return file.endsWith('.md') || /^\s*(?:\/\/|\/?\*|#)/.test(line);
}
