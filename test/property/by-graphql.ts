import { execute, getOperationAST, isObjectType, type OperationDefinitionNode, parse } from 'graphql';
import { parseExactJson, stringifyExactJson } from '../../src/base/json.ts';
import { AbortSource } from '../../src/base/signal.ts';
import { EVERYTHING } from '../../src/callers/grant.ts';
import { type Context, createContext } from '../../src/context.ts';
import { createSchema } from '../../src/features/schema.ts';
import type { GatewayOptions } from '../../src/gateway-options.ts';
import { annotationsOf } from '../../src/plan/cost.ts';
import type { PlannedInfo } from '../../src/plan/look-ahead.ts';
import { type PreparedOperation, prepareOperation } from '../../src/plan/prepared-operation.ts';
import { type FieldPlan, objectsOf } from '../../src/plan/tree.ts';
import { coerceVariables } from '../../src/plan/variables.ts';
import type { Asked } from './adapters.ts';

/** The context of the gateway's resolvers, and the operation in whose tree they look ahead. */
interface Planned extends Context {
  readonly prepared: PreparedOperation;
}

/** Runs an accepted operation of the gateway's own schema by graphql-js. Gives its data, and the paths of its errors. */
export function createRunByGraphql(transport: GatewayOptions['transport']) {
  const schema = schemaForGraphql();
  const contextFor = createContext({
    transport,
    timeouts: { read: 5_000, write: 5_000 },
    operationTimeoutMs: 60_000,
    maxReceivedBytes: Number.POSITIVE_INFINITY,
    live: undefined,
    online: undefined,
    users: undefined,
    placeOf: () => '',
  });
  return async ({ document: text, variables, operationName }: Asked, key: string) => {
    const document = parse(text);
    const operation = getOperationAST(document, operationName) as OperationDefinitionNode;
    const prepared = prepareOperation(schema, document, operation);
    const read = coerceVariables(prepared, variables);
    const request = { method: 'POST', path: '/graphql', address: '', header: () => null };
    const credentials = { token: key, bearer: undefined };
    const context = contextFor({
      request: { ...request, credentials, signal: new AbortSource() },
      identity: { origin: { key, account: key, caller: '' }, grant: EVERYTHING },
      cost: prepared.price('coerced' in read ? read.coerced : {}).calls,
      keepsSources: false,
      writing: () => () => undefined,
    });
    const contextValue: Planned = Object.assign(context, { prepared });
    const args = { schema, document, operationName, contextValue, variableValues: variables };
    const { data, errors = [] } = await execute(args);
    // As a client reads it.
    return { data: parseExactJson(stringifyExactJson(data)), paths: errors.map(({ path }) => path) };
  };
}

/** The gateway's schema, whose resolvers look ahead although graphql-js plans nothing. Gateways share the types of all schemas. */
function schemaForGraphql() {
  const schema = createSchema();
  for (const type of Object.values(schema.getTypeMap()).filter(isObjectType)) {
    const fields = type.getFields();
    // Lists of fields leave some out.
    for (const name of Object.getOwnPropertyNames(fields)) {
      const field = fields[name];
      const resolve = field?.resolve;
      if (!resolve || !annotationsOf(field).usesInfo) continue;
      field.resolve = (source, args, context: Partial<Planned>, info) => {
        const tree = context.prepared?.treeFor(info.variableValues);
        const plan = tree && planAt(tree.fields, info.path);
        if (!plan) return resolve(source, args, context, info);
        const planned: PlannedInfo = { ...info, field: plan };
        return resolve(source, args, context, planned);
      };
    }
  }
  return schema;
}

type Fields = ReturnType<PreparedOperation['treeFor']>['fields'];

function planAt(root: Fields, { key, prev, typename = '' }: PlannedInfo['path']): FieldPlan | undefined {
  if (typeof key === 'number') return prev && planAt(root, prev);
  const above = prev && planAt(root, prev);
  const fields = above ? objectsOf(above.value).get(typename)?.fields : root;
  return fields?.find((field) => field.key === key);
}
