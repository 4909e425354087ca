import { describe, expect, it } from 'vitest';
import { defaults } from '../../src/config/config.ts';
import { createDocumentCache } from '../../src/operation/document-cache.ts';
import { createSchema } from '../../src/schema/index.ts';

const schema = createSchema({});

const open = (maxBytes: number) =>
  createDocumentCache({ schema, limits: { ...defaults.limits, aliases: 1_000 }, maxBytes });

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
    expect(cache.get(other).compiledFields).toBeGreaterThan(180);
    expect(cache.get(one)).not.toBe(first);
  });
});
