import { readdirSync } from 'node:fs';
import { posix } from 'node:path';
import { expect, it } from 'vitest';
import { textOf } from '../support/repository/repository.ts';

/** The package exports these files; GraphiQL imports the last in the place of Monaco. */
const ENTRIES = ['src/index.ts', 'src/features/schema.ts', 'src/features/graphiql/browser/editor/monaco.ts'];
/** The compiler writes these names into the declarations of other files. */
const DECLARED = ['src/luaauth/decoders.ts DecodedKinds', 'src/luaauth/sessions.ts SessionRange'];

const files = ['src', 'test', 'scripts', 'bench']
  .flatMap((folder) =>
    readdirSync(new URL(`../../${folder}`, import.meta.url), { recursive: true }).map(
      (name) => `${folder}/${name}`,
    ),
  )
  .filter((name) => /(?<!\.d)\.tsx?$/.test(name) && !/\/(node_modules|dist)\//.test(name))
  .map((file) => ({ file, text: textOf(file) }));

it('every export of src/ is imported by another file', () => {
  const imported = new Set(files.flatMap(importedBy));
  const unused = files
    .filter(({ file }) => file.startsWith('src/') && !ENTRIES.includes(file) && !imported.has(`${file} *`))
    .flatMap(({ file, text }) =>
      [
        ...text.matchAll(
          /^export (?:abstract |async )*(?:const|let|function\*?|class|interface|type) (\w+)/gm,
        ),
      ].map(([, name]) => `${file} ${name}`),
    )
    .filter((name) => !imported.has(name));
  expect(unused.sort()).toEqual(DECLARED);
});

/** Each name that a file imports, or exports again, as "file name"; "file *" stands for all names of a file. */
function importedBy({ file, text }: (typeof files)[number]): string[] {
  const statements = text.matchAll(/^(?:import|export)\b(?: type)?\s*(\{[^}]*\}|\*)[^'";]*'(\.[^']+)'/gm);
  const dynamic = [...text.matchAll(/\bimport\('(\.[^']+)'\)/g)].map(([, path]) => ['', '*', path]);
  return [...statements, ...dynamic].flatMap(([, names = '', path = '']) =>
    (names.match(/\*|\w+/g) ?? []).map((name) => `${posix.join(posix.dirname(file), path)} ${name}`),
  );
}
