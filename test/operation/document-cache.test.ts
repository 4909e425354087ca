import { describe, expect, it } from 'vitest';
import { defaults } from '../../src/config/config.ts';
import { createSchema } from '../../src/features/schema.ts';
import { createDocumentCache } from '../../src/operation/document-cache.ts';
import { liveBytes } from '../support/processes/live-memory.ts';

const schema = createSchema({});

const open = (maxBytes: number) => createDocumentCache({ schema, limits: defaults.limits, maxBytes });

/** Its fragments make some 190 fields of it. */
const multiplied = (
  name: string,
) => `query ${name} { script(id: "1") { ...P sessions(first: 1) { nodes { ...S } edges { node { ...S } } } } }
  fragment S on Session { script { ...P } }
  fragment P on Script { ...L project { scripts { ...L } } }
  fragment L on Script { ${Array.from({ length: 30 }, (_, index) => `name${index}: name`).join(' ')} }`;

describe('what is kept of a document', () => {
  it.each([
    [
      'is priced',
      (cache: ReturnType<typeof open>, text: string) => cache.get(text).find(undefined)?.price({}),
    ],
    [
      'is asked for its scopes',
      (cache: ReturnType<typeof open>, text: string) => cache.get(text).find(undefined)?.requiredScopes(),
    ],
  ])('weighs what is compiled of it from the moment it %s', (_what, use) => {
    const cache = open(270_000);
    const [one, other] = [multiplied('One'), multiplied('Other')];
    const first = cache.get(one);
    expect(first.refusals).toEqual([]);
    cache.get(other);
    expect(cache.get(one)).toBe(first);
    use(cache, one);
    use(cache, other);
    expect(cache.get(other).compiledWeight).toBeGreaterThan(180 * 600);
    expect(cache.get(one)).not.toBe(first);
  });

  it.each([
    [
      'a name that its errors repeat',
      (index: number) =>
        `query Q${index}${'q'.repeat(18_000)} { ${Array.from({ length: 20 }, (_, at) => `a${at}: __typename @include(if: $v${at})`).join(' ')} }`,
    ],
    [
      'fields that do not exist',
      (index: number) =>
        `query Q${index} { ${Array.from({ length: 20 }, (_, at) => `bad${at}`).join(' ')} } #${'c'.repeat(18_000)}`,
    ],
  ])('takes no more memory than it weighs, when it is not valid for %s', (_what, write) => {
    const maxBytes = 8_000_000;
    const cache = open(maxBytes);
    expect(cache.get(write(0)).refusals).toHaveLength(20);
    const before = liveBytes();
    for (let index = 0; index < 300; index += 1) cache.get(write(index));
    expect(liveBytes() - before).toBeLessThan(maxBytes);
    expect(cache.get(write(299)).refusals).toHaveLength(20);
  });
});
