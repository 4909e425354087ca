import { createHash } from 'node:crypto';
import { type BenchRequest, type Case, oneScript } from '../cases.ts';
import { askWith } from '../check.ts';
import type { RoundOptions } from '../contest.ts';
import type { Served } from '../serve.ts';
import { ofTheGateway } from '../subjects.ts';
import type { Curve } from './curve.ts';
import { measurePopulation } from './population.ts';

/** An account may register so many documents a day. */
const OF_ONE_ACCOUNT = 500;
const UNDER_WAY = 16;

/** More and more documents that clients have registered, each asked for by its hash. */
export function measureDocuments(options: RoundOptions): Promise<Curve> {
  const subject = ofTheGateway('this gateway', {});
  return measurePopulation(
    {
      name: 'documents',
      title: 'CPU time and memory, and the registered documents',
      items: 'documents',
      counts: [1, 10, 100, 1_000, 10_000],
      kindOf: byHash,
      gatewayOf: () => subject,
      prepare: register,
      note: `One script, each operation by the hash of the next document. An account registers ${OF_ONE_ACCOUNT} a day at most, so 20 accounts register 10,000. A process keeps 1,000 documents parsed and checked.`,
    },
    options,
  );
}

interface DocumentRequest extends BenchRequest {
  /** The same with the text, which registers it. */
  readonly registration: string;
}

function byHash(count: number): Case {
  const { requests } = oneScript();
  const all = Array.from({ length: Math.max(count, requests.length) }, (_, index): DocumentRequest => {
    const { body, answer } = requests[index % requests.length] as BenchRequest;
    const document = index % count;
    const { query: text, variables } = JSON.parse(body) as { query: string; variables: object };
    const query = text.replace('OneScript', `OneScript${document}`);
    const sha256Hash = createHash('sha256').update(query).digest('hex');
    const reference = { variables, extensions: { persistedQuery: { version: 1, sha256Hash } } };
    const account = Math.floor(document / OF_ONE_ACCOUNT);
    return {
      body: JSON.stringify(reference),
      registration: JSON.stringify({ query, ...reference }),
      answer,
      credential: { header: 'token', value: `bench-key-${account}` },
    };
  });
  return { title: `one script by ${count} documents`, requests: all, first: requests[0] as BenchRequest };
}

async function register({ url }: Served, { requests }: Case): Promise<void> {
  const documents = new Map<string, DocumentRequest>();
  for (const request of requests as readonly DocumentRequest[]) {
    const { query } = JSON.parse(request.registration) as { query: string };
    if (!documents.has(query)) documents.set(query, request);
  }
  const left = [...documents.values()];
  const one = async () => {
    for (let next = left.pop(); next; next = left.pop()) {
      const { status } = await askWith({ url }, next, next.registration);
      if (status !== 200) throw new Error(`A document was not registered: HTTP ${status}.`);
    }
  };
  await Promise.all(Array.from({ length: UNDER_WAY }, one));
}
