import { mkdirSync, writeFileSync } from 'node:fs';
import { pathToFileURL } from 'node:url';
import { composeServices } from '@apollo/composition';
import { readSubgraphs } from './subgraphs.ts';

const OUTPUT = new URL('dist/supergraph.graphql', import.meta.url);

/** The supergraph's SDL. @throws with every reason when the subgraphs do not compose. */
export function compose(): string {
  const { errors, supergraphSdl } = composeServices(readSubgraphs());
  if (errors) throw new Error(errors.map(({ message }) => message).join('\n'));
  return supergraphSdl;
}

/** Writes it to `dist/`, where the configurations of the routers expect it. */
export function writeSupergraph(): string {
  const supergraph = compose();
  mkdirSync(new URL('.', OUTPUT), { recursive: true });
  writeFileSync(OUTPUT, supergraph);
  return supergraph;
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) {
  writeSupergraph();
  console.log('Composed dist/supergraph.graphql.');
}
