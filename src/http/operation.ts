import type { GraphQLParams } from 'graphql-yoga';
import { requestError } from '../errors.ts';

const MEMBERS = ['query', 'variables', 'operationName', 'extensions'] as const;
type Member = (typeof MEMBERS)[number];

/** How deep objects and lists may be nested in variables and extensions; the schema's own inputs need three levels. */
const MAX_JSON_DEPTH = 50;

const utf8 = new TextDecoder('utf-8', { fatal: true });

/** The operation in the body of a POST. @throws BAD_REQUEST that says what is expected and quotes nothing of the body. */
export function operationFromBody(bytes: Uint8Array): GraphQLParams {
  const body = parse(decode(bytes), 'The body');
  if (Array.isArray(body)) {
    throw badRequest('Batching is not supported: the body is a list. Send one operation per request.');
  }
  if (typeof body !== 'object' || body === null) {
    throw badRequest(`The body is ${kindOf(body)}. Send a JSON object such as {"query": "{ __typename }"}.`);
  }
  const stranger = Object.keys(body).find((name) => !(MEMBERS as readonly string[]).includes(name));
  if (stranger !== undefined) {
    throw badRequest(`The body has a member that is unknown here. Known are ${MEMBERS.join(', ')}.`);
  }
  return checkOperation(body as Record<Member, unknown>);
}

/** The operation in the query string of a GET. @throws as `operationFromBody` does. */
export function operationFromUrl(parameters: URLSearchParams): GraphQLParams {
  const json = (name: 'variables' | 'extensions') => {
    const text = parameters.get(name);
    return text ? parse(text, `The parameter ${name}`) : undefined;
  };
  return checkOperation({
    query: parameters.get('query') || undefined,
    operationName: parameters.get('operationName') || undefined,
    variables: json('variables'),
    extensions: json('extensions'),
  });
}

function checkOperation({
  query,
  operationName,
  variables,
  extensions,
}: Record<Member, unknown>): GraphQLParams {
  if (query === undefined || query === null) {
    throw badRequest('There is no query. Give the GraphQL document as the string query.');
  }
  if (typeof query !== 'string')
    throw badRequest(`query is ${kindOf(query)}. Give the document as a string.`);
  if (typeof (operationName ?? '') !== 'string') {
    throw badRequest(`operationName is ${kindOf(operationName)}. Give a string, or leave it out.`);
  }
  return {
    query,
    operationName: (operationName ?? undefined) as string | undefined,
    variables: checkObject('variables', variables),
    extensions: checkObject('extensions', extensions),
  };
}

function checkObject(name: Member, value: unknown): Record<string, unknown> | undefined {
  if (value === undefined || value === null) return undefined;
  if (typeof value !== 'object' || Array.isArray(value)) {
    throw badRequest(`${name} is ${kindOf(value)}. Give an object, or leave it out.`);
  }
  // Level by level rather than by recursion: depth is what is to be survived.
  let level: object[] = [value];
  for (let depth = 1; level.length > 0; depth++) {
    if (depth > MAX_JSON_DEPTH) {
      throw badRequest(`${name} is nested more than ${MAX_JSON_DEPTH} levels deep. Nest it less.`);
    }
    const next: object[] = [];
    for (const container of level) {
      if (Object.hasOwn(container, '__proto__')) {
        throw badRequest(`${name} has a member __proto__, which no input has. Take it out.`);
      }
      for (const child of Object.values(container)) {
        if (typeof child === 'object' && child !== null) next.push(child);
      }
    }
    level = next;
  }
  return value as Record<string, unknown>;
}

function decode(bytes: Uint8Array): string {
  try {
    return utf8.decode(bytes);
  } catch {
    throw badRequest('The body is not UTF-8. Encode the JSON as UTF-8.');
  }
}

function parse(text: string, subject: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    // The parser's own message quotes the text.
    throw badRequest(
      text.trim() === ''
        ? `${subject} is empty. Send a JSON object.`
        : `${subject} is not JSON. Send a JSON object.`,
    );
  }
}

function kindOf(value: unknown): string {
  if (value === null) return 'null';
  if (Array.isArray(value)) return 'a list';
  return typeof value === 'object' ? 'an object' : `a ${typeof value}`;
}

function badRequest(message: string) {
  return requestError('BAD_REQUEST', 400, message);
}
