import { readdirSync } from 'node:fs';
import { expect, it } from 'vitest';
import { anchorsOf } from '../support/repository/documentation.ts';
import { pathOf, textOf } from '../support/repository/repository.ts';

it('facts about the REST API are cited by a section of their page', () => {
  const anchors = anchorsOf('docs/luaauth-api.md');
  const files = readdirSync(pathOf('src'), { recursive: true, encoding: 'utf8' }).filter((name) =>
    name.endsWith('.ts'),
  );
  const citations = files.flatMap((file) =>
    [...textOf(`src/${file}`).matchAll(/luaauth-api\.md(?:#([\w-]+))?/g)].map(([, anchor = '']) => ({
      file,
      anchor,
    })),
  );
  expect(citations.length).toBeGreaterThan(8);
  expect(citations.filter(({ anchor }) => !anchors.includes(anchor))).toEqual([]);
});
