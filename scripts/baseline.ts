import { type ASTNode, buildSchema, findBreakingChanges, parse, print, visit } from 'graphql';

/** The names and types of a schema without its descriptions, which may change as they like. */
export function baselineOf(sdl: string): string {
  const document = visit(parse(sdl), {
    enter: (node: ASTNode) =>
      'description' in node && node.description ? { ...node, description: undefined } : undefined,
  });
  return `${print(document)}\n`;
}

/** The changes that break a client or supergraph that relies on the baseline, a line for each. */
export function breakingChanges(baseline: string, sdl: string): string[] {
  return findBreakingChanges(buildSchema(baseline), buildSchema(sdl)).map(({ description }) => description);
}

/** The message when there are breaking changes: what to do about them. */
export const BREAKS = [
  'schema/schema.graphql takes away what schema/baseline.graphql promises, and queries that clients send today would fail.',
  'Keep the old name next to the new one and mark it @deprecated. If the break is intended, run "npm run schema:accept -- --breaking" and commit schema/baseline.graphql.',
].join('\n');

/** The message when the schema has more than the baseline, or has changed in a way that breaks nothing. */
export const UNRECORDED =
  'schema/baseline.graphql does not have what is new in schema/schema.graphql, so nothing would protect it. Run "npm run schema:accept" and commit the file.';
