import { parse, print } from 'graphql';
import { sandboxKeys, seeded } from '../src/features/sandbox/exports.ts';
import { startSandbox } from '../src/features/sandbox/server.ts';
import { createGateway, createTransport, type Gateway } from '../src/index.ts';

/** An operation to copy, and what makes LuaAuth or the gateway refuse it. */
interface Example {
  readonly document: string;
  /** A part of the document with the text in its place, or the key of another caller. */
  readonly refused: readonly [part: string, instead: string] | { readonly key: string };
}

/** An example with its answers from the sandbox. */
export interface ExecutedExample {
  readonly document: string;
  readonly answer: string;
  /** What to change for a refusal, such as `with the key \`sandbox-basic\``. */
  readonly change: string;
  /** The type of the refusal, or the code of the error. */
  readonly refusal: string;
  readonly message: string;
}

const { projectId, scriptId, sessionId, userKey, blacklistedUserKey, endlessUserKey, discordId } = seeded;
/** The page is read from its top to its bottom, so what one example removes is not what a later one needs. */
const removed = {
  projectId: seeded.namesProjectId,
  scriptId: seeded.idleScriptId,
  sessionIds: ['382e37b8617c1a8538fc799d', '76949c018ba8dbab5edb21ac'],
} as const;
const OTHER_KEY = { key: 'another-key' };
/** An id that LuaAuth does not know takes the place of `id`. */
const unknown = (id: string) => [id, 'NoSuchId'] as const;
const REFUSAL = '__typename ... on Refusal { message }';

/** By field: at least one for each query and mutation. */
export const EXAMPLES: Readonly<Record<string, Example>> = {
  'Query.adProviders': { document: '{ adProviders { name } }', refused: OTHER_KEY },
  'Query.adSystem': {
    document: '{ adSystem(id: "68ad00000000000000000001") { name maxKeys } }',
    refused: unknown('68ad00000000000000000001'),
  },
  'Query.adSystems': { document: '{ adSystems { name } }', refused: OTHER_KEY },
  'Query.knownProjects': { document: '{ knownProjects { id name } }', refused: OTHER_KEY },
  'Query.project': {
    document: `{ project(id: "${projectId}") { name totalExecutions } }`,
    refused: unknown(projectId),
  },
  'Query.projects': { document: `{ projects(ids: ["${projectId}"]) { name } }`, refused: unknown(projectId) },
  'Query.rateLimit': { document: '{ rateLimit { limit cost } }', refused: { key: '' } },
  'Query.script': { document: `{ script(id: "${scriptId}") { name enabled } }`, refused: unknown(scriptId) },
  'Query.scripts': { document: `{ scripts(ids: ["${scriptId}"]) { name } }`, refused: unknown(scriptId) },
  'Query.session': {
    document: `{ session(id: "${sessionId}") { robloxId script { name } } }`,
    refused: unknown(sessionId),
  },
  'Query.status': { document: '{ status { upstream } }', refused: { key: '' } },
  'Query.user': {
    document: `{ user(key: "${userKey}") { discordId blacklist { reason } } }`,
    refused: unknown(userKey),
  },
  'Query.users': { document: `{ users(keys: ["${userKey}"]) { discordId } }`, refused: unknown(userKey) },
  'Query.usersByDiscordId': {
    document: `{ usersByDiscordId(discordId: "${discordId}") { key } }`,
    refused: [discordId, 'someone'],
  },
  'Mutation.blacklistUser': {
    document: `mutation { blacklistUser(input: { key: "${userKey}", reason: "Chargeback" }) { ${REFUSAL} } }`,
    refused: [userKey, blacklistedUserKey],
  },
  'Mutation.createAdSystem': {
    document: `mutation { createAdSystem(input: { projectId: "${projectId}", name: "Autumn key" }) { ${REFUSAL} } }`,
    refused: unknown(projectId),
  },
  'Mutation.deleteProject': {
    document: `mutation { deleteProject(input: { id: "${removed.projectId}" }) { ${REFUSAL} } }`,
    refused: unknown(removed.projectId),
  },
  'Mutation.deleteScript': {
    document: `mutation { deleteScript(input: { id: "${removed.scriptId}" }) { ${REFUSAL} } }`,
    refused: unknown(removed.scriptId),
  },
  'Mutation.disconnectSession': {
    document: `mutation { disconnectSession(input: { id: "${removed.sessionIds[0]}" }) { ${REFUSAL} } }`,
    refused: unknown(removed.sessionIds[0]),
  },
  'Mutation.disconnectSessions': {
    document: `mutation { disconnectSessions(input: { ids: ["${removed.sessionIds[1]}"] }) { ${REFUSAL} } }`,
    refused: unknown(removed.sessionIds[1]),
  },
  'Mutation.editAdSystem': {
    document: `mutation { editAdSystem(input: { id: "68ad00000000000000000001", maxKeys: 2 }) { ${REFUSAL} } }`,
    refused: [', maxKeys: 2', ''],
  },
  'Mutation.editProject': {
    document: `mutation { editProject(input: { id: "${projectId}", name: "Nightfall" }) { ${REFUSAL} } }`,
    refused: unknown(projectId),
  },
  'Mutation.editScript': {
    document: `mutation { editScript(input: { id: "${scriptId}", freeForAll: true }) { ${REFUSAL} } }`,
    refused: { key: sandboxKeys.basic },
  },
  'Mutation.editUser': {
    document: `mutation { editUser(input: { key: "${endlessUserKey}", note: "VIP", keyExpiresAt: "2099-01-31T00:00:00Z" }) { ${REFUSAL} } }`,
    refused: ['note: "VIP"', `discordId: "${discordId}"`],
  },
  'Mutation.messageSession': {
    document: `mutation { messageSession(input: { id: "${sessionId}", handler: "ping" }) {
      __typename ... on MessageDelivered { response } ... on MessageNotDelivered { detail } ... on Refusal { message } } }`,
    refused: ['ping', 'teleport'],
  },
  'Mutation.toggleScript': {
    document: `mutation { toggleScript(input: { id: "${scriptId}", enabled: false }) { ${REFUSAL} } }`,
    refused: unknown(scriptId),
  },
  'Mutation.unblacklistUser': {
    document: `mutation { unblacklistUser(input: { key: "${blacklistedUserKey}" }) { ${REFUSAL} } }`,
    refused: [blacklistedUserKey, userKey],
  },
  'Mutation.updateScript': {
    document: `mutation { updateScript(input: { id: "${scriptId}", source: "print(1)" }) { ${REFUSAL} } }`,
    refused: unknown(scriptId),
  },
};

/** Executes all examples one after the other in one sandbox, and each once more in a new sandbox so that it is refused. */
export async function executeExamples(): Promise<ReadonlyMap<string, ExecutedExample>> {
  const sandbox = await startSandbox({ rate: 0 });
  const transport = createTransport({ url: sandbox.url, freshMs: 0, staleMs: 0 });
  const gateway = createGateway({ transport });
  // The table of Discord ids needs a gateway that holds the key.
  const users = new Map([[discordId, [userKey]]]);
  const withTable = createGateway({ transport, users, credentials: { heldKey: sandboxKeys.full } });
  const gatewayFor = (name: string) => (name === 'Query.usersByDiscordId' ? withTable : gateway);
  const answers = new Map<string, Answer>();
  const executed = new Map<string, ExecutedExample>();
  try {
    for (const [name, { document }] of Object.entries(EXAMPLES))
      answers.set(name, await ask(gatewayFor(name), document, sandboxKeys.full));
    for (const [name, { document, refused }] of Object.entries(EXAMPLES)) {
      const asked = gatewayFor(name);
      const field = name.replace(/^\w+\./, '');
      sandbox.reset();
      const second =
        'key' in refused
          ? await ask(asked, document, refused.key)
          : await ask(asked, document.replace(refused[0], refused[1]), sandboxKeys.full);
      executed.set(name, {
        document: print(parse(document)),
        answer: jsonOf(answers.get(name)),
        change: changeOf(refused),
        ...refusalIn(second, field),
      });
    }
  } finally {
    await transport.close();
    await sandbox.close();
  }
  return executed;
}

interface Answer {
  readonly data?: Readonly<Record<string, unknown>> | null;
  readonly errors?: readonly { readonly message: string; readonly extensions: { readonly code: string } }[];
}

async function ask(gateway: Gateway, query: string, token: string): Promise<Answer> {
  const response = await gateway.fetch('http://127.0.0.1/graphql', {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...(token && { token }) },
    body: JSON.stringify({ query }),
  });
  // A GraphQL response has these members.
  return (await response.json()) as Answer;
}

function refusalIn({ data, errors }: Answer, field: string): { refusal: string; message: string } {
  const [error] = errors ?? [];
  if (error) return { refusal: error.extensions.code, message: error.message };
  // The document of a mutation selects these fields.
  const result = data?.[field] as { __typename?: string; message?: string; detail?: string } | undefined;
  return { refusal: result?.__typename ?? '', message: result?.message ?? result?.detail ?? '' };
}

/** JSON as the pages show it: in one line, if it fits. */
function jsonOf(value: unknown): string {
  const pretty = JSON.stringify(value, null, 2);
  const line = pretty.replaceAll(/,\n\s*/g, ', ').replaceAll(/\n\s*/g, '');
  return line.length > 130 ? pretty : line;
}

function changeOf(refused: Example['refused']): string {
  if ('key' in refused) return refused.key === '' ? 'without a key' : `with the key \`${refused.key}\``;
  const [part, instead] = refused;
  return instead === ''
    ? `without \`${part.replace(/^, /, '')}\``
    : `with \`${instead}\` instead of \`${part}\``;
}
