/** A change of a file: text that is added behind an anchor, or a new file. */
export interface Change {
  readonly path: string;
  /** Text that the file has exactly once. A new file has none. */
  readonly after?: string;
  readonly add: string;
}

/** `Script.lastUpdatedAt`, as if LuaAuth had documented the member `last_updated`. */
export const FIELD: readonly Change[] = [
  {
    path: 'src/luaauth/wire.ts',
    after: `export const SCRIPT = {\n`,
    add: `  last_updated: 'instant or null',\n`,
  },
  {
    path: 'src/features/sandbox/seed.ts',
    after: `state.scripts.set(id, {\n`,
    add: `      last_updated: beginsAt,\n`,
  },
  {
    path: 'src/schema/script.ts',
    after: `fields: (t) => ({\n    id: t.exposeID('id', { description: "The script's id in LuaAuth." }),\n`,
    add: `    lastUpdatedAt: t.expose('last_updated', {
      type: 'DateTime',
      nullable: true,
      description: 'When the source code was replaced; null: never.',
    }),
`,
  },
  {
    path: 'test/schema/reads.test.ts',
    after: `id: scriptId,\n      project: { id: projectId },\n`,
    add: `      lastUpdatedAt: '2026-02-09T08:08:20.000Z',\n`,
  },
  { path: 'CHANGELOG.md', after: `### Features\n\n`, add: `- **\`Script.lastUpdatedAt\`**.\n` },
];

const PRODUCT_ID = '68af00000000000000000001';

/** `product(id:)`, as if LuaAuth had documented `GET /products/:product_id`. */
export const ENDPOINT: readonly Change[] = [
  {
    path: 'src/luaauth/wire.ts',
    after: `export type WireProject = Wire<typeof PROJECT>;\n`,
    add: `
export const PRODUCT = {
  id: 'id',
  name: 'name',
} as const;

export type WireProduct = Wire<typeof PRODUCT>;
`,
  },
  {
    path: 'src/luaauth/products.ts',
    add: `import { objectDecoder } from './decoders.ts';
import { read } from './endpoint.ts';
import { resource } from './resource.ts';
import { PRODUCT } from './wire.ts';

const product = resource('product', 'product_id');

const decodeProduct = objectDecoder('product', PRODUCT);

export const getProduct = read('GET /products/:product_id', {
  member: 'product',
  documented: { product: PRODUCT },
  answer: decodeProduct,
  repeats: { id: 'product_id' },
  partOf: [product],
  shows: product,
  freshFor: 'products',
});
`,
  },
  { path: 'src/callers/scopes.ts', after: `  'sessions:write',\n`, add: `  'products:read',\n` },
  {
    path: 'docs/keys-for-a-team.md',
    after: `| \`disconnectSession\`, \`disconnectSessions\`, \`messageSession\` |\n`,
    add: `| \`products:read\` | products |\n`,
  },
  {
    path: 'src/schema/product.ts',
    add: `import { getProduct } from '../luaauth/products.ts';
import { checkId } from './argument.ts';
import { builder } from './builder.ts';
import { byId } from './by-id.ts';
import { loadableRef } from './loader.ts';

const Product = loadableRef('Product', (api, product_id) => getProduct(api, { product_id }));

const READ = {
  scopes: ['products:read'],
  cost: getProduct,
  entityKey: { field: 'id', check: checkId },
} as const;

builder.objectType(Product, {
  ...READ,
  description:
    'A product that users can buy. Reading it costs one REST call, however often the operation selects it.',
  fields: (t) => ({
    id: t.exposeID('id', { description: "The product's id in LuaAuth." }),
    name: t.exposeString('name', { description: 'The name that users see.' }),
  }),
});

byId('product', Product, READ, {
  description:
    'One product. An id that is unknown or belongs to another account is an error at this field. Costs one REST call.',
  argument: 'The id of the product.',
});
`,
  },
  { path: 'src/schema/index.ts', after: `import './ad-system.ts';\n`, add: `import './product.ts';\n` },
  {
    path: 'src/features/sandbox/state.ts',
    after: `  WireExecutions,\n`,
    add: `  WireProduct,\n`,
  },
  {
    path: 'src/features/sandbox/state.ts',
    after: `    adSystems: new Map<string, SandboxAdSystem>(),\n`,
    add: `    products: new Map<string, WireProduct>(),\n`,
  },
  {
    path: 'src/features/sandbox/seed.ts',
    after: `state.adSystems.set(system.id, system);\n`,
    add: `  const id = '${PRODUCT_ID}';
  state.products.set(id, { id, name: 'Premium' });
`,
  },
  {
    path: 'src/features/sandbox/products.ts',
    add: `import { type Endpoints, find } from './endpoint.ts';

export const productEndpoints = {
  'GET /products/:product_id': ({ state, id }) => ({ product: find(state.products, id, 'product') }),
} satisfies Endpoints;
`,
  },
  {
    path: 'src/features/sandbox/router.ts',
    after: `import type { Endpoint } from './endpoint.ts';\n`,
    add: `import { productEndpoints } from './products.ts';\n`,
  },
  {
    path: 'src/features/sandbox/router.ts',
    after: `  ...adEndpoints,\n`,
    add: `  ...productEndpoints,\n`,
  },
  {
    path: 'scripts/schema-examples.ts',
    after: `  'Query.knownProjects': { document: '{ knownProjects { id name } }', refused: OTHER_KEY },\n`,
    add: `  'Query.product': {
    document: '{ product(id: "${PRODUCT_ID}") { name } }',
    refused: unknown('${PRODUCT_ID}'),
  },
`,
  },
  {
    path: 'test/schema/products.test.ts',
    add: `import { expect, it } from 'vitest';
import { useSandbox } from '../support/gateways/fixture.ts';

const fixture = useSandbox();

it('a product costs one call', async () => {
  const { data, errors } = await fixture.gateway.execute('{ product(id: "${PRODUCT_ID}") { name } }');
  expect([data, errors]).toEqual([{ product: { name: 'Premium' } }, undefined]);
  expect(fixture.lines()).toEqual(['GET /products/${PRODUCT_ID}']);
});
`,
  },
  { path: 'CHANGELOG.md', after: `### Features\n\n`, add: `- **Products**: \`product(id:)\`.\n` },
];
