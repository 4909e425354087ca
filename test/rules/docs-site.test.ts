import { expect, it } from 'vitest';
import { GROUPS } from '../../docs/site/.vitepress/pages.ts';
import { findDocuments } from '../support/repository/documentation.ts';

it('every page of the documentation, and of an example, is one of the site: add it to docs/site/.vitepress/pages.ts', () => {
  const documents = findDocuments().filter(
    (path) => path.startsWith('docs/') || /^examples\/[\w-]+\/README\.md$/.test(path),
  );
  const listed = Object.values(GROUPS).flat();
  expect(documents.length).toBeGreaterThan(30);
  expect(documents.filter((path) => !listed.includes(path))).toEqual([]);
  expect(listed.filter((path) => !findDocuments().includes(path))).toEqual([]);
});
