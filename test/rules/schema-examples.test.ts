import { expect, it } from 'vitest';
import { EXAMPLES, executeExamples } from '../../scripts/schema-examples.ts';
import { createSchema } from '../../src/features/schema.ts';

const SUCCESS = /"__typename": "(?:\w+Success|MessageDelivered)"/;

it('every query and mutation has an example that succeeds and one that is refused', async () => {
  const schema = createSchema();
  const examples = await executeExamples();
  const roots = [schema.getQueryType(), schema.getMutationType()];
  const names = roots.flatMap((root) =>
    Object.keys(root?.getFields() ?? {}).map((field) => `${root?.name}.${field}`),
  );
  expect([...examples.keys()].sort()).toEqual(names.sort());
  for (const [name, { document, answer, refusal, message }] of examples) {
    const field = name.replace(/^\w+\./, '');
    expect([name, document]).toEqual([name, expect.stringContaining(field)]);
    expect([name, JSON.parse(answer)]).toEqual([name, { data: { [field]: expect.anything() } }]);
    if (name.startsWith('Mutation.')) expect([name, answer]).toEqual([name, expect.stringMatching(SUCCESS)]);
    expect([name, refusal]).toEqual([name, expect.stringMatching(/^(?!.*(?:Success|Delivered"))\w+$/)]);
    expect([name, message.length > 5]).toEqual([name, true]);
  }
  expect(Object.keys(EXAMPLES)).toHaveLength(examples.size);
});
