import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { expect, it } from 'vitest';

/** Says what a young collection leaves of operations, with their loaders in Pothos' cache and in their context. */
const COUNT = `
import { dataloaderGetter } from '@pothos/plugin-dataloader';
import DataLoader from 'dataloader';
import { getHeapStatistics } from 'node:v8';

const OPERATIONS = 500;
const load = async (keys) => keys;
const byPothos = dataloaderGetter(undefined, load, undefined, false);
const inContext = (context) => (context.loaders[0] ??= new DataLoader((keys) => load(keys, context)));
const turn = () => new Promise((resolve) => setTimeout(resolve));

/** Bytes that stay of each operation, which holds 8 kB. */
async function survivors(loaderOf) {
  for (let count = 0; count < 3; count++) gc({ type: 'minor' });
  const before = getHeapStatistics().used_heap_size;
  for (let count = 0; count < OPERATIONS; count++) loaderOf({ loaders: [], value: new Array(1_000).fill(count) });
  await turn();
  for (let count = 0; count < 3; count++) gc({ type: 'minor' });
  return (getHeapStatistics().used_heap_size - before) / OPERATIONS;
}

// The caches themselves become old.
await survivors(byPothos);
for (let count = 0; count < 3; count++) gc();
console.log(JSON.stringify({ byPothos: await survivors(byPothos), inContext: await survivors(inContext) }));
`;

it("Pothos' own cache of loaders keeps operations alive, so the loaders of an operation are in its context", async () => {
  const { stdout } = await promisify(execFile)(process.execPath, [
    '--expose-gc',
    '--input-type=module',
    '--eval',
    COUNT,
  ]);
  // Once Pothos keeps none, src/schema/loadable-ref.ts can use the plugin's own loadableObjectRef.
  const { byPothos, inContext } = JSON.parse(stdout);
  expect(byPothos).toBeGreaterThan(8_000);
  expect(inContext).toBeLessThan(1_000);
});
