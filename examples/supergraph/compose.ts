import { mkdirSync, writeFileSync } from 'node:fs';
import { pathToFileURL } from 'node:url';
import { composeServices } from '@apollo/composition';
import { type DocumentNode, print, visit } from 'graphql';
import { readSubgraphs, type Subgraph } from './subgraphs.ts';

const OUTPUT = new URL('dist/', import.meta.url);

/** The supergraph's SDL. @throws with every reason when the subgraphs do not compose. */
export function compose(subgraphs: Subgraph[] = readSubgraphs()): string {
  const { errors, supergraphSdl } = composeServices(subgraphs);
  if (errors) throw new Error(errors.map(({ message }) => message).join('\n'));
  return supergraphSdl;
}

/** Writes it to `dist/`, where the configurations of the routers expect it, and the subgraphs for Grafbase. */
export function writeSupergraph(): string {
  const subgraphs = readSubgraphs();
  const supergraph = compose(subgraphs);
  mkdirSync(OUTPUT, { recursive: true });
  writeFileSync(new URL('supergraph.graphql', OUTPUT), supergraph);
  for (const { name, typeDefs } of subgraphs)
    writeFileSync(new URL(`${name}.graphql`, OUTPUT), withoutBlockStrings(typeDefs));
  return supergraph;
}

/** Grafbase 0.103.0 panics at block strings. */
function withoutBlockStrings(document: DocumentNode): string {
  return print(visit(document, { StringValue: (node) => ({ ...node, block: false }) }));
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) {
  writeSupergraph();
  console.log('Composed dist/supergraph.graphql.');
}
