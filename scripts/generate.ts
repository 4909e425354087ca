/**
 * Writes the generated files that graphql-codegen has no plugin for: the list of endpoints, `.env.example`, tables of the schema,
 * the SDL for routers and for Relay, the types for gql.tada, the types behind each interface, and sections of the docs. `--check` writes nothing and exits with 1 if a file differs.
 */
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { endpointList } from './endpoint-list.ts';

const isCheck = process.argv.includes('--check');

function update(files: Readonly<Record<string, string>>): void {
  for (const [name, text] of Object.entries(files)) {
    const path = new URL(`../${name}`, import.meta.url);
    if (existsSync(path) && readFileSync(path, 'utf8') === text) continue;
    if (!isCheck) writeFileSync(path, text);
    else {
      console.error(`${name} is not what "npm run codegen" writes.`);
      process.exitCode = 1;
    }
  }
}

update({ 'src/luaauth/endpoints.ts': endpointList() });
// All others are made from modules that import this list, so they are loaded after it is written.
const { generatedFiles } = await import('./generated-files.ts');
update(await generatedFiles());
