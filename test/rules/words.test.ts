import { readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { proseOf, sentencesOf } from './prose.ts';

const ROOT = fileURLToPath(new URL('../../', import.meta.url));

const FIRST_WORD = 'begin with the subject or the verb: no "Who", "Whose", "What" or "Of" first';

/** The rules, each with what to write instead. */
const RULES: readonly { readonly rule: string; readonly breaks: (sentence: string) => boolean }[] = [
  {
    rule: 'name the subject: no "nobody", "no one" or "whoever"',
    breaks: (sentence) => /\b(?:nobody|no one|whoever|whomever)\b/i.test(sentence),
  },
  {
    rule: 'name the thing: no "one that" or "one which"',
    breaks: (sentence) => /\bones? (?:that|which|who|whose)\b/i.test(sentence),
  },
  {
    rule: 'name the things: no "those that", "those who" or "those of"',
    breaks: (sentence) => /\bthose (?:that|which|who|whose|of|with|without)\b/i.test(sentence),
  },
  {
    rule: 'repeat the noun: no "that of" as a pronoun',
    breaks: (sentence) => /\bthat of\b/i.test(sentence),
  },
  {
    rule: 'write "the previous …" or "this …\'s own": no "of before", no "the own"',
    breaks: (sentence) => /\b(?:of before|the own)\b/i.test(sentence),
  },
  {
    rule: FIRST_WORD,
    breaks: (sentence) => /^(?:Who|Whose|Whom|Whoever|What|Of)\b/.test(sentence) && !sentence.endsWith('?'),
  },
  {
    rule: 'at most 25 words in a sentence',
    breaks: (sentence) => sentence.split(' ').filter((word) => /[\p{L}\d]/u.test(word)).length > 25,
  },
];

/** Every rule holds here. The rule for first words holds in all files, tests included. */
const COVERED = /^(?:src|scripts|bench|examples|test\/support)\//;

/** Sentences that may break a rule, each with its reason. */
const EXCEPTIONS: ReadonlyMap<string, string> = new Map([]);

describe('comments and messages', () => {
  it('follow the rules for plain English', () => {
    const files = sources();
    expect(files.length).toBeGreaterThan(500);
    expect(files.flatMap(brokenIn)).toEqual([]);
  });

  it('are found in code, with the rule that each breaks', () => {
    const source = [
      "const isUrl = /^https?:\\/\\/|'/.test(url); // Nobody calls it.",
      // biome-ignore lint/suspicious/noTemplateCurlyInString: this is source code.
      'fail(`Give ${`the ${key}`} of before.`);',
      '/**',
      ' * Takes one that',
      ' * waits. Those of others stay, and that of the first',
      ' * call. What waits is left. The own key is fine.',
      ' */',
      `// ${'word '.repeat(26).trim()}`,
    ].join('\n');
    const found = proseOf(source).flatMap(({ line, text }) =>
      sentencesOf(text).flatMap((sentence) =>
        RULES.flatMap(({ breaks }, index) => (breaks(sentence) ? [`${line}: ${index}`] : [])),
      ),
    );
    expect(found).toEqual(['1: 0', '2: 4', '3: 1', '3: 2', '3: 3', '3: 5', '3: 4', '8: 6']);
  });
});

function brokenIn(file: string): readonly string[] {
  const isCovered = COVERED.test(file);
  const rules = isCovered ? RULES : RULES.filter(({ rule }) => rule === FIRST_WORD);
  return proseOf(readFileSync(ROOT + file, 'utf8'))
    .filter(({ kind, text }) => kind === 'comment' || (isCovered && isMessage(text)))
    .flatMap(({ text, line }) =>
      sentencesOf(text)
        .filter((sentence) => !EXCEPTIONS.has(sentence))
        .flatMap((sentence) =>
          rules
            .filter(({ breaks }) => breaks(sentence))
            .map(({ rule }) => `${file}:${line} ${rule}: ${sentence}`),
        ),
    );
}

/** A literal that people read has words, and is no document, script, page or expression. */
function isMessage(text: string): boolean {
  return (text.match(/\s/g) ?? []).length > 2 && !/[{}<>\n]|\\n|;$/.test(text);
}

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
