import { mkdirSync, writeFileSync } from 'node:fs';
import { pathToFileURL } from 'node:url';
import { composeServices } from '@apollo/composition';
import { readSubgraphs, type Subgraph } from './subgraphs.ts';

const OUTPUT = new URL('dist/', import.meta.url);

/** The supergraph's SDL. @throws with every reason when the subgraphs do not compose. */
export function compose(subgraphs: Subgraph[] = readSubgraphs()): string {
  const { errors, supergraphSdl } = composeServices(subgraphs);
  if (errors) throw new Error(errors.map(({ message }) => message).join('\n'));
  return supergraphSdl;
}

/** Writes it to `dist/`, where routers of other programs can read it. */
export function writeSupergraph(): string {
  const supergraph = compose();
  mkdirSync(OUTPUT, { recursive: true });
  writeFileSync(new URL('supergraph.graphql', OUTPUT), supergraph);
  return supergraph;
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) {
  writeSupergraph();
  console.log('Composed dist/supergraph.graphql.');
}
