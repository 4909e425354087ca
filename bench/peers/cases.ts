import { number } from './figures.ts';
import { createRandom } from './random.ts';
import { SCRIPTS, type SessionCount, scriptAnswer, scriptId, sessionsAnswer } from './upstream-data.ts';

/** One kind of request: the same document every time, other ids in its variables. */
export interface Case {
  readonly title: string;
  readonly requests: readonly BenchRequest[];
}

export interface BenchRequest {
  /** The JSON of the POST. */
  readonly body: string;
  /** The only right answer. */
  readonly answer: object;
}

/** The LuaAuth key of all requests. */
export const KEY = 'bench-key';

/** How many different requests of each kind are sent, over and over. */
const REQUESTS = 5_000;
const SEED = 20_261_124;

/** The cases that all subjects are compared on. */
export function comparedCases(): Case[] {
  return [smallOperation(), oneScript(), aliases(), sessions()];
}

/** No REST call: what GraphQL itself takes. */
function smallOperation(): Case {
  return createCase('a small operation, { __typename }', '{ __typename }', () => ({
    variables: {},
    data: () => ({ __typename: 'Query' }),
  }));
}

/** One script, one REST call. */
export function oneScript(): Case {
  const query = 'query OneScript($id: ID!) { script(id: $id) { id name enabled totalExecutions } }';
  const title = `one script, random of ${number(SCRIPTS)} ids`;
  return createCase(title, query, ([id = '']) => ({
    variables: { id },
    data: () => ({ script: inFull(id) }),
  }));
}

/** Aliases with twice as many fields as there are ids: each script is wanted twice, once by every page part. */
function aliases(): Case {
  const distinct = 10;
  const names = Array.from({ length: distinct }, (_, index) => `id${index}`);
  const fields = Array.from({ length: 2 * distinct }, (_, index) => {
    return `script${index}: script(id: $id${index % distinct}) { id name enabled totalExecutions }`;
  });
  const query = `query Aliases(${names.map((name) => `$${name}: ID!`).join(', ')}) { ${fields.join(' ')} }`;
  const title = '20 aliases over 10 ids';
  return createCase(
    title,
    query,
    (ids) => ({
      variables: Object.fromEntries(ids.map((id, index) => [`id${index}`, id])),
      data: () =>
        Object.fromEntries(
          fields.map((_, index) => [`script${index}`, inFull(ids[index % distinct] as string)]),
        ),
    }),
    { ids: distinct },
  );
}

/** A script's connected users, each with the script again. */
function sessions(): Case {
  const count = 50;
  const query = `query Sessions($id: ID!) { script(id: $id) { name sessions(first: ${count}) ${NODES} } }`;
  return createCase(
    `${count} sessions, each with its script`,
    query,
    ([id = '']) => ({
      variables: { id },
      data: () => {
        const { name } = scriptAnswer(id).script;
        return { script: { name, sessions: nodesOf(id, sessionsAnswer(id, count).sessions) } };
      },
    }),
    { sessions: count },
  );
}

/** The fields that are asked for of each session of a page. */
const NODES = '{ nodes { id robloxId script { id name } } }';

/** The right answer to it. */
function nodesOf(id: string, sessions: ReturnType<typeof sessionsAnswer>['sessions']) {
  const { name } = scriptAnswer(id).script;
  return {
    nodes: sessions.map((session) => ({
      id: session.id,
      robloxId: String(session.roblox_id),
      script: { id, name },
    })),
  };
}

interface CaseOptions {
  /** How many different scripts one request names. */
  readonly ids?: number;
  /** How many sessions each of them has. */
  readonly sessions?: SessionCount;
}

/** `data` is called when an answer is compared, because the data of all requests can be millions of objects. */
function createCase(
  title: string,
  query: string,
  make: (ids: string[]) => { variables: object; data: () => object },
  { ids = 1, sessions = 50 }: CaseOptions = {},
): Case {
  const random = createRandom(SEED);
  const requests = Array.from({ length: REQUESTS }, (): BenchRequest => {
    const { variables, data } = make(drawIds(random, ids, sessions));
    return {
      body: JSON.stringify({ query, variables }),
      get answer() {
        return { data: data() };
      },
    };
  });
  return { title, requests };
}

function drawIds(random: () => number, count: number, sessions: SessionCount): string[] {
  const drawn = new Set<string>();
  while (drawn.size < count) {
    drawn.add(scriptId(Math.floor(random() * SCRIPTS), sessions));
  }
  return [...drawn];
}

function inFull(id: string) {
  const { name, enabled, total_executions } = scriptAnswer(id).script;
  return { id, name, enabled, totalExecutions: total_executions };
}
