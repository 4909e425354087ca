import { describe, expect, it } from 'vitest';
import { defaults } from '../../src/config/config.ts';
import { createSchema } from '../../src/features/schema.ts';
import { createDocumentCache, MAX_DOCUMENT_BYTES } from '../../src/operation/document-cache.ts';
import { liveBytes } from '../support/processes/live-memory.ts';

const schema = createSchema({});
const open = () => createDocumentCache({ schema, limits: defaults.limits });

type Entry = ReturnType<ReturnType<typeof open>['get']>;

const times = (count: number, write: (index: number) => string, between = ' ') =>
  Array.from({ length: count }, (_, index) => write(index)).join(between);

/** Its fragment makes 1,950 fields of 1,500 characters. */
const multiplied = (name: string) =>
  `query ${name} { ${times(50, (i) => `s${i}: script(id: 1) { ...F }`)} } fragment F on Script { ${times(38, (i) => `n${i}: name`)} }`;

const price = (entry: Entry) => entry.find(undefined)?.price({});

describe('the documents that are kept', () => {
  it.each([
    ['priced', price],
    ['asked for their scopes', (entry: Entry) => entry.find(undefined)?.requiredScopes()],
  ])('weigh the trees of their operations from the moment they are %s', (_what, use) => {
    const cache = open();
    const entries = Array.from({ length: 30 }, (_, index) => cache.get(multiplied(`Q${index}`)));
    expect(entries[0]?.refusals).toEqual([]);
    expect(cache.get(multiplied('Q0'))).toBe(entries[0]);
    for (const entry of entries) use(entry);
    expect(30 * (entries[0]?.weight ?? 0)).toBeGreaterThan(MAX_DOCUMENT_BYTES);
    expect(cache.get(multiplied('Q0'))).not.toBe(entries[0]);
  });

  it.each([
    [
      'single characters',
      (name: string) => `query ${name} { script(id: [${times(9_900, () => '[]', '')}]) }`,
    ],
    [
      'short fields',
      (name: string) => `query ${name} { script(id: 1) { ${times(1_990, (i) => `a${i}:id`)} } }`,
    ],
    ['a fragment that multiplies fields', multiplied],
    ['variables', (name: string) => `query ${name}(${times(1_800, (i) => `$v${i}:ID`)}) { __typename }`],
    [
      'a name that its errors repeat',
      (name: string) =>
        `query ${name.padEnd(18_000, 'q')} { ${times(20, (i) => `a${i}: __typename @include(if: $v${i})`)} }`,
    ],
    [
      'fields that do not exist',
      (name: string) => `query ${name} { ${times(20, (i) => `bad${i}`)} } #${'c'.repeat(1_000)}`,
    ],
  ])('take no more memory than they weigh, with %s', (_what, write) => {
    const before = liveBytes();
    const entries = Array.from({ length: 20 }, (_, index) => open().get(write(`Q${index}`)));
    for (const entry of entries) if (entry.refusals.length === 0) price(entry);
    const taken = liveBytes() - before;
    expect(taken).toBeLessThan(entries.reduce((sum, { weight }) => sum + weight, 0));
  });
});
