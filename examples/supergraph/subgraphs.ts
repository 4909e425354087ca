import { readFileSync } from 'node:fs';
import { type DocumentNode, parse } from 'graphql';
import { parse as parseYaml } from 'yaml';

/** A subgraph as every composer takes it. */
export interface Subgraph {
  readonly name: string;
  readonly url: string;
  readonly typeDefs: DocumentNode;
}

interface SupergraphConfig {
  readonly subgraphs: Record<
    string,
    { readonly routing_url: string; readonly schema: { readonly file: string } }
  >;
}

const CONFIG = new URL('../../schema/supergraph.yaml', import.meta.url);

/** The subgraphs of `schema/supergraph.yaml`. */
export function readSubgraphs(): Subgraph[] {
  const { subgraphs } = parseYaml(readFileSync(CONFIG, 'utf8')) as SupergraphConfig;
  return Object.entries(subgraphs).map(([name, { routing_url: url, schema }]) => ({
    name,
    url,
    typeDefs: parse(readFileSync(new URL(schema.file, CONFIG), 'utf8')),
  }));
}
