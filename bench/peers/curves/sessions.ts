import { type Case, createCase, NODES, nodesOf } from '../cases.ts';
import type { RoundOptions } from '../contest.ts';
import { number } from '../figures.ts';
import { type SessionCount, scriptAnswer, serverSessionsAnswer } from '../upstream-data.ts';
import type { Curve } from './curve.ts';
import { measureLargerOperations } from './larger-operations.ts';

interface Pages {
  readonly pages: number;
  readonly perPage: SessionCount;
}

/** A page has 100 at most. */
const PAGES: readonly Pages[] = [
  { pages: 1, perPage: 1 },
  { pages: 1, perPage: 10 },
  { pages: 1, perPage: 100 },
  { pages: 10, perPage: 100 },
];
/** Above the price of the largest point: if each session were of another script. */
const MAX_REST_CALLS = '1100';

/** A script with more and more sessions. */
export function measureSessions(options: RoundOptions): Promise<Curve> {
  return measureLargerOperations(
    {
      name: 'sessions',
      title: 'CPU time and the sessions of a script',
      sizes: PAGES.map((size) => ({ items: size.pages * size.perPage, kind: sessionsByServer(size) })),
      limits: { MAX_REST_CALLS },
      note: `Each session with its script. A page has at most 100, so 1,000 are ten pages in one document: by aliases, one for each of ten Roblox servers (\`filter: { jobId }\`); fewer are a page of one server. \`MAX_REST_CALLS\` is ${number(Number(MAX_REST_CALLS))} here; by default it is 250, and in the worst case each session is of another script.`,
    },
    options,
  );
}

/** A script's connected users by Roblox server, a page for each server, each user with the script again. */
function sessionsByServer({ pages, perPage }: Pages): Case {
  const jobIds = Array.from({ length: pages }, (_, index) => `server${index}`);
  const fields = jobIds.map(
    (jobId) => `${jobId}: sessions(first: ${perPage}, filter: { jobId: "${jobId}" }) ${NODES}`,
  );
  const query = `query SessionsByServer($id: ID!) { script(id: $id) { name ${fields.join(' ')} } }`;
  const title = `${number(pages * perPage)} sessions of one script`;
  return createCase(
    title,
    query,
    ([id = '']) => ({
      variables: { id },
      data: () => {
        const { name } = scriptAnswer(id).script;
        const onServer = (jobId: string) => nodesOf(id, serverSessionsAnswer(id, perPage, jobId).sessions);
        return { script: { name, ...Object.fromEntries(jobIds.map((jobId) => [jobId, onServer(jobId)])) } };
      },
    }),
    { sessions: perPage },
  );
}
