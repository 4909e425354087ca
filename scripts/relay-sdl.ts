import { parse, print, visit } from 'graphql';
import { LINK } from '../src/features/federation/subgraph-sdl.ts';

/** The SDL of the subgraph for Relay's compiler, which refuses directives that it finds no definition of. */
export function withoutFederation(subgraph: string): string {
  const document = visit(parse(subgraph, { noLocation: true }), {
    SchemaExtension: () => null,
    Directive: ({ name }) => (LINK.includes(`"@${name.value}"`) ? null : undefined),
  });
  return print(document);
}
