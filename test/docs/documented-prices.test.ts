import { describe, expect, it } from 'vitest';
import { useSandbox } from '../support/gateways/fixture.ts';
import { findDocuments, stepsOf } from '../support/repository/documentation.ts';

const fixture = useSandbox({ shared: true });
// The page on troubleshooting has operations that are refused.
const pages = findDocuments('docs/').filter((path) => path !== 'docs/troubleshooting.md');
const steps = pages.flatMap(stepsOf).filter(({ kind }) => kind === 'graphql');

describe('what a page asks for may come to less than a quarter of what is allowed', () => {
  it('and there are some of them', () => {
    expect(steps.length).toBeGreaterThan(15);
  });

  it.each(steps.map((step) => [step.title, step] as const))('%s', async (_title, { text, variables }) => {
    const { extensions } = await fixture.gateway.execute<object, object>(text, (variables ?? {}) as object, {
      'x-upstream': 'plan',
    });
    const { upstream } = extensions ?? {};
    expect(upstream).toMatchObject({ price: expect.any(Number), objects: expect.any(Number) });
    const { price, limit, objects, objectsLimit } = upstream as Record<
      'price' | 'limit' | 'objects' | 'objectsLimit',
      number
    >;
    expect(objects).toBeLessThan(objectsLimit / 4);
    expect(price).toBeLessThanOrEqual(limit);
  });
});
