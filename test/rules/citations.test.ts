import { readdirSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { textOf } from '../support/repository/repository.ts';

const PAGE = 'docs/luaauth-api.md';

/** The anchors of a page, as GitHub makes them of its headings. */
const anchors = new Set(
  [...textOf(PAGE).matchAll(/^#+ (.*)$/gm)].map(([, heading = '']) =>
    heading
      .toLowerCase()
      .replaceAll(/[^\w\- ]/g, '')
      .replaceAll(' ', '-'),
  ),
);

const files = ['src', 'test', 'scripts', 'bench']
  .flatMap((folder) =>
    readdirSync(new URL(`../../${folder}`, import.meta.url), { recursive: true }).map(
      (name) => `${folder}/${name}`,
    ),
  )
  .filter((name) => name.endsWith('.ts') && !name.includes('node_modules/') && !name.includes('/dist/'));

/** Tests that name the page itself. */
const ABOUT_THE_PAGE = /\/(?:citations|documented-blocks\.redis)\.test\.ts$/;

describe('facts about the REST API', () => {
  const citations = files.flatMap((file) =>
    [...textOf(file).matchAll(/luaauth-api\.md(?:#([\w-]+))?/g)].map(([, anchor]) => ({ file, anchor })),
  );

  it('are cited by a section of their page', () => {
    expect(citations.filter(({ file }) => file.startsWith('src/')).length).toBeGreaterThan(8);
    const broken = citations.filter(
      ({ file, anchor }) => !ABOUT_THE_PAGE.test(file) && !(anchor && anchors.has(anchor)),
    );
    expect(broken).toEqual([]);
  });
});
