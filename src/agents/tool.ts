import type { Tool as ToolListing } from '@modelcontextprotocol/server';
import { Kind } from 'graphql';
import { badUserInput } from '../errors/coded-error.ts';
import { StartError } from '../observability/start-error.ts';
import { effectOf } from '../plan/cost.ts';
import { mostCalls } from '../plan/most-calls.ts';
import type { PreparedOperation } from '../plan/prepared-operation.ts';
import type { RequiredScopes } from '../plan/required-scopes.ts';
import { objectsOf } from '../plan/select.ts';
import { argumentsOf, type JsonSchema, objectOf, selectedOf } from './json-schema.ts';
import type { AgentsOptions, AgentsParts } from './parts.ts';

/** An operation, as an agent sees it. */
export interface Tool {
  /** As `tools/list` has it. */
  readonly listing: ToolListing;
  /** Its document; undefined: the agent gives one. */
  readonly query: string | undefined;
  readonly scopes: RequiredScopes;
}

/** As clients take them. */
const TOOL_NAME = /^\w{1,64}$/;
/** The argument of every tool that asks for its price. */
export const PLAN = 'plan';

/**
 * The tools in a list of documents, in the order of their names: each query and mutation; last, if wanted, one for any query.
 * @throws StartError for a document that makes none; it says what to do
 */
export function readTools({ listed, isArbitrary }: AgentsOptions, parts: AgentsParts): readonly Tool[] {
  const tools = new Map<string, Tool>();
  for (const [id, text] of listed) {
    const refuse = (problem: string): never => {
      throw new StartError(`PERSISTED_DOCUMENTS_FILE: the document ${JSON.stringify(id)} ${problem}`);
    };
    const entry = parts.documents.get(text);
    if (entry.refusals[0]) refuse(`cannot be run: ${entry.refusals[0].message}`);
    for (const definition of entry.document?.definitions ?? []) {
      if (definition.kind !== Kind.OPERATION_DEFINITION || definition.operation === 'subscription') continue;
      const { name: { value: name = '' } = {} } = definition;
      const operation = entry.find(name);
      if (!operation || !TOOL_NAME.test(name))
        refuse('has an operation without a name. Give it one of 1 to 64 letters, digits and _.');
      else if (tools.has(name)) refuse(`has an operation ${name}, as another one has. Give it another name.`);
      else tools.set(name, readTool(name, text, operation, parts, refuse));
    }
  }
  const all = [...tools].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, tool]) => tool);
  return isArbitrary ? [...all, ANY_QUERY] : all;
}

function readTool(
  name: string,
  query: string,
  prepared: PreparedOperation,
  { limits }: AgentsParts,
  refuse: (problem: string) => never,
): Tool {
  const { operation, description } = prepared.operation;
  const { properties, required } = argumentsOf(prepared);
  if (PLAN in properties)
    refuse(`has a variable $${PLAN}, as each tool has by itself. Give it another name.`);
  // Without variables, all is there that a condition could leave out.
  const fields = prepared.rootFields({});
  for (const { definition, value } of operation === 'mutation' ? fields : [])
    if ([...objectsOf(value).values()].some(({ template }) => !('__typename' in template)))
      refuse(`would not tell an agent that ${definition.name} was refused. Select __typename in it.`);
  const effects = fields.map(({ definition }) => effectOf(definition));
  const about = description?.value ?? `Runs the ${operation} ${name}.`;
  const listing = listingOf(name, properties, required, selectedOf(fields), {
    description: `${about} Costs at most ${mostCalls(prepared, limits.restCalls)} REST calls.`,
    annotations: {
      readOnlyHint: operation === 'query',
      destructiveHint: effects.includes('ends'),
      idempotentHint: !effects.includes('repeats'),
      openWorldHint: false,
    },
  });
  return { listing, query, scopes: prepared.requiredScopes() };
}

/** Its result is that of an operation, whose data is missing where nothing ran. */
function listingOf(
  name: string,
  properties: JsonSchema,
  required: string[],
  data: JsonSchema,
  facts: Pick<ToolListing, 'description' | 'annotations'>,
) {
  const plan = { type: 'boolean', description: 'true: tells what the call would cost, and sends nothing.' };
  const inputSchema = objectOf({ ...properties, [PLAN]: plan }, required);
  const result = {
    data: { ...data, type: ['object', 'null'] },
    errors: { type: 'array', items: { type: 'object' } },
    extensions: { type: 'object' },
  };
  return { name, inputSchema, outputSchema: { type: 'object', properties: result }, ...facts } as ToolListing;
}

const QUERY = { query: { type: 'string' }, variables: { type: 'object' } };
const ANY_QUERY: Tool = {
  listing: listingOf(
    'graphql',
    QUERY,
    ['query'],
    {},
    {
      description: 'Runs a GraphQL query, no mutation, against LuaAuth. Ask for its price: it may be high.',
      annotations: { readOnlyHint: true, openWorldHint: false },
    },
  ),
  query: undefined,
  scopes: { all: new Set(), byPath: new Map() },
};

/** Finds what GraphQL would ignore: a model that misspells an argument has to learn of it. */
export function checkArguments({ inputSchema }: ToolListing, args: JsonSchema, plan: unknown) {
  const names = Object.keys(inputSchema.properties ?? {});
  const unknown = Object.keys(args).filter((name) => !names.includes(name));
  const advice = `there is no such argument. There are ${names.join(', ')}.`;
  const problems = unknown.slice(0, 10).map((name) => badUserInput(name.slice(0, 64), advice));
  if (typeof (plan ?? false) === 'boolean') return problems;
  return [...problems, badUserInput(PLAN, 'it is no boolean. Give true, or leave it out.')];
}
