import { getNamedType, isUnionType } from 'graphql';
import { expect, it } from 'vitest';
import { EXAMPLES, executeExamples } from '../../scripts/schema-examples.ts';
import { schemaSection } from '../../scripts/schema-section.ts';
import { createSchema } from '../../src/features/schema.ts';
import { costOf } from '../../src/plan/cost.ts';
import { anchorsOf } from '../support/repository/documentation.ts';

const schema = createSchema();
const examples = await executeExamples();
const section = schemaSection(schema, examples);

it('the page of the schema has every query and mutation, with its endpoint and its scopes', () => {
  for (const root of [schema.getQueryType(), schema.getMutationType()]) {
    for (const field of Object.values(root?.getFields() ?? {})) {
      const [, part = ''] = section.split(`### ${root?.name}.${field.name}\n`);
      const [shown = ''] = part.split('\n##');
      const endpoint = costOf(field)?.endpoint;
      expect(shown).toContain(typeof endpoint === 'string' ? `\`${endpoint}\`` : '- REST: ');
      for (const [, scope] of field.description?.matchAll(/(`\w+:\w+`)/g) ?? [])
        expect(shown).toContain(scope);
      for (const { name } of field.args) expect(shown).toContain(`- \`${name}\` (`);
    }
  }
});

it('the page of the schema has an example of every query and mutation, its answer, and how it is refused', () => {
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

const SUCCESS = /"__typename": "(?:\w+Success|MessageDelivered)"/;

it('the page of the schema has every type, but the unions that stand with their mutations', () => {
  const results = new Set(
    Object.values(schema.getMutationType()?.getFields() ?? {}).map(({ type }) => getNamedType(type).name),
  );
  const roots = [schema.getQueryType(), schema.getMutationType(), schema.getSubscriptionType()];
  const builtIn = ['ID', 'Int', 'String', 'Boolean', 'Float'];
  for (const type of Object.values(schema.getTypeMap())) {
    const { name } = type;
    const isElsewhere = (isUnionType(type) && results.has(name)) || roots.some((root) => root === type);
    if (isElsewhere || name.startsWith('__') || builtIn.includes(name)) continue;
    // Inputs, successes and refusals are items of a list.
    expect(section).toMatch(new RegExp(`\\n### ${name}\\n|\\*\\*${name}\\*\\*`));
  }
});

it('the page of the schema links to no type without a section', () => {
  const anchors = anchorsOf('docs/schema.md');
  const links = [...section.matchAll(/\]\(#([\w-]+)\)/g)].map(([, anchor = '']) => anchor);
  expect(links.filter((anchor) => !anchors.includes(anchor))).toEqual([]);
});
