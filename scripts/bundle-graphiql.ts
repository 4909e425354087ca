import { writeFileSync } from 'node:fs';
import { bundleGraphiQL } from './graphiql-bundle.ts';

writeFileSync(new URL('../src/graphiql/page-script.ts', import.meta.url), await bundleGraphiQL());
