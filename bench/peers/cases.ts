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

/** How many different requests of each kind are sent, over and over. */
const REQUESTS = 5_000;
const SEED = 20_261_124;

/** What all subjects are compared on. */
export function comparedCases(): Case[] {
  return [oneScript(), aliases(), sessions(50)];
}

/** One script, one REST call. */
export function oneScript(): Case {
  const query = 'query OneScript($id: ID!) { script(id: $id) { id name enabled totalExecutions } }';
  return createCase('one script, random of 10,000 ids', query, ([id]) => ({
    variables: { id },
    data: { script: inFull(id as string) },
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
      data: Object.fromEntries(
        fields.map((_, index) => [`script${index}`, inFull(ids[index % distinct] as string)]),
      ),
    }),
    { ids: distinct },
  );
}

/** A script's connected users, each with the script again. */
export function sessions(count: SessionCount): Case {
  const query = `query Sessions($id: ID!) { script(id: $id) { name sessions(first: ${count}) { nodes { id robloxId script { id name } } } } }`;
  return createCase(
    `${count} session${count === 1 ? '' : 's'}, each with its script`,
    query,
    ([id = '']) => ({ variables: { id }, data: { script: withSessions(id, count) } }),
    { sessions: count },
  );
}

/** A list of scripts, one REST call for each. */
export function scripts(count: number): Case {
  const query = 'query Scripts($ids: [ID!]!) { scripts(ids: $ids) { id name enabled totalExecutions } }';
  return createCase(
    `${count} script${count === 1 ? '' : 's'}`,
    query,
    (ids) => ({ variables: { ids }, data: { scripts: ids.map(inFull) } }),
    { ids: count },
  );
}

function createCase(
  title: string,
  query: string,
  make: (ids: string[]) => { variables: object; data: object },
  { ids = 1, sessions = 50 }: { ids?: number; sessions?: SessionCount } = {},
): Case {
  const random = createRandom(SEED);
  const requests = Array.from({ length: REQUESTS }, () => {
    const { variables, data } = make(drawIds(random, ids, sessions));
    return { body: JSON.stringify({ query, variables }), answer: { data } };
  });
  return { title, requests };
}

function drawIds(random: () => number, count: number, sessions: SessionCount): string[] {
  const drawn = new Set<string>();
  while (drawn.size < count) drawn.add(scriptId(Math.floor(random() * SCRIPTS), sessions));
  return [...drawn];
}

function inFull(id: string) {
  const { name, enabled, total_executions } = scriptAnswer(id).script;
  return { id, name, enabled, totalExecutions: total_executions };
}

function withSessions(id: string, count: SessionCount) {
  const { name } = scriptAnswer(id).script;
  const nodes = sessionsAnswer(id, count).sessions.map((session) => ({
    id: session.id,
    robloxId: String(session.roblox_id),
    script: { id, name },
  }));
  return { name, sessions: { nodes } };
}
