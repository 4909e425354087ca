import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';

const read = (path: string) => readFileSync(new URL(`../../${path}`, import.meta.url), 'utf8');

it('README.md shows lines of the clients as they are', () => {
  const shown = [...read('README.md').matchAll(/`(src\/[\w/.-]+)`:\n\n```ts\n([\s\S]*?)```/g)];
  expect(shown.map(([, path]) => path)).toEqual([
    'src/live/urql.ts',
    'src/live/apollo.ts',
    'src/live/graphql-ws.ts',
  ]);
  expect(read('README.md').split('```ts').length - 1).toBe(shown.length);
  for (const [, path = '', excerpt = ''] of shown) {
    const lines = read(path)
      .split('\n')
      .map((line) => line.trim());
    const others = excerpt.split('\n').filter((line) => !lines.includes(line.trim()));
    expect([path, others]).toEqual([path, []]);
  }
});
