import type { Tool as ToolListing } from '@modelcontextprotocol/server';
import { GraphQLError, Kind } from 'graphql';
import { badUserInput } from '../../errors/coded-error.ts';
import { StartError } from '../../observability/start-error.ts';
import type { ListedDocuments } from '../../operation/document-resolver.ts';
import type { PipelineOptions } from '../../operation/pipeline.ts';
import { annotationsOf } from '../../plan/cost.ts';
import type { PreparedOperation } from '../../plan/prepared-operation.ts';
import type { RequiredScopes } from '../../plan/required-scopes.ts';
import { objectsOf } from '../../plan/tree.ts';
import { argumentsOf, type JsonSchema, objectOf } from './json-schema.ts';

export interface AgentDocuments {
  readonly listed: ListedDocuments;
  /** Whether to add a tool that runs any query. */
  readonly isArbitrary: boolean;
  /** The first sentences of the instructions, if the sandbox answers. */
  readonly sandboxAdvice?: string | undefined;
}

type Parts = Pick<PipelineOptions, 'documents'>;

export interface Tool {
  readonly listing: ToolListing;
  /** Its document. Undefined if the agent sends the document. */
  readonly query: string | undefined;
  readonly scopes: RequiredScopes;
}

/** The names that MCP clients accept. */
const TOOL_NAME = /^\w{1,64}$/;
/** The argument of every tool that asks for the price. */
export const PLAN = 'plan';

/** Sorted by name. If wanted, a tool for any query comes last. @throws StartError for a document that cannot be a tool */
export function readTools({ listed, isArbitrary }: AgentDocuments, parts: Parts): readonly Tool[] {
  const last = isArbitrary ? [ANY_QUERY] : [];
  const names = new Set(last.map(({ listing }) => listing.name));
  // A document with two ids is one tool.
  const ids = new Map([...listed].map(([id, query]) => [query, id]));
  const tools = [...ids].flatMap(([query, id]) => {
    try {
      return toolsIn(query, names, parts);
    } catch (cause) {
      const { message } = cause as Error;
      const problem = cause instanceof GraphQLError ? `cannot be run: ${message}` : message;
      throw new StartError(`PERSISTED_DOCUMENTS_FILE: the document ${JSON.stringify(id)} ${problem}`);
    }
  });
  return [...tools.sort((a, b) => (a.listing.name < b.listing.name ? -1 : 1)), ...last];
}

/** Adds its names to `names`. @throws Error with the problem of the document */
function toolsIn(query: string, names: Set<string>, { documents }: Parts): Tool[] {
  const entry = documents.get(query);
  if (entry.refusals[0]) throw entry.refusals[0];
  return (entry.document?.definitions ?? []).flatMap((definition) => {
    if (definition.kind !== Kind.OPERATION_DEFINITION || definition.operation === 'subscription') return [];
    const name = definition.name?.value ?? '';
    if (!TOOL_NAME.test(name))
      throw new Error('has an operation without a name. Give it a name of 1 to 64 letters, digits and _.');
    if (names.has(name))
      throw new Error(`has an operation ${name}, and so does another document. Give it another name.`);
    const prepared = entry.find(name) as PreparedOperation;
    if (!prepared.hasRoot) return [];
    names.add(name);
    return { listing: listingOf(name, prepared), query, scopes: prepared.requiredScopes() };
  });
}

function listingOf(name: string, prepared: PreparedOperation): ToolListing {
  const { operation, description } = prepared.operation;
  const { properties, required } = argumentsOf(prepared);
  if (PLAN in properties)
    throw new Error(
      `has a variable $${PLAN}, which is the name of an argument of every tool. Give it another name.`,
    );
  // Without variables, every optional selection is included.
  const { fields } = prepared.treeFor({});
  for (const { definition, value } of operation === 'mutation' ? fields : [])
    if ([...objectsOf(value).values()].some((one) => !one.fields.some(({ key }) => key === '__typename')))
      throw new Error(
        `would not tell an agent that ${definition.name} was refused. Select __typename in it.`,
      );
  const effects = fields.map(({ definition }) => annotationsOf(definition).effect);
  return {
    name,
    description: description?.value ?? `Runs the ${operation} ${name}.`,
    inputSchema: inputOf(properties, required),
    annotations: {
      readOnlyHint: operation === 'query',
      destructiveHint: effects.includes('ends'),
      idempotentHint: !effects.includes('repeats'),
      openWorldHint: false,
    },
  };
}

function inputOf(properties: JsonSchema, required: string[]) {
  const plan = { type: 'boolean', description: 'true: returns the price of the call and sends nothing.' };
  return objectOf({ ...properties, [PLAN]: plan }, required) as ToolListing['inputSchema'];
}

const ANY_QUERY: Tool = {
  listing: {
    name: 'graphql',
    description: 'Runs a GraphQL query, no mutation, against LuaAuth.',
    inputSchema: inputOf({ query: { type: 'string' }, variables: { type: 'object' } }, ['query']),
    annotations: { readOnlyHint: true, openWorldHint: false },
  },
  query: undefined,
  scopes: { all: new Set(), byPath: new Map() },
};

/** Reports unknown arguments, which GraphQL would ignore: a model must learn of its misspelling. */
export function checkArguments({ inputSchema }: ToolListing, args: JsonSchema) {
  const names = Object.keys(inputSchema.properties ?? {});
  const unknown = Object.keys(args).filter((name) => !names.includes(name));
  const advice = `there is no such argument. The arguments are ${names.join(', ')}.`;
  const problems = unknown.slice(0, 10).map((name) => badUserInput(name.slice(0, 64), advice));
  if (typeof (args[PLAN] ?? false) === 'boolean') return problems;
  return [...problems, badUserInput(PLAN, 'it is not a boolean. Give true, or leave it out.')];
}
