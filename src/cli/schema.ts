import { readFileSync } from 'node:fs';

/** The schema as clients see it, or as a federation router is told; codegen keeps both files in step with the code. */
export function readSchema({ federation }: { federation: boolean }): string {
  const name = federation ? 'subgraph' : 'schema';
  return readFileSync(new URL(`../../schema/${name}.graphql`, import.meta.url), 'utf8');
}
