import { type Case, createCase } from '../cases.ts';
import type { RoundOptions } from '../contest.ts';
import { ofTheGateway } from '../subjects.ts';
import { scriptAnswer } from '../upstream-data.ts';
import type { Curve } from './curve.ts';
import {
  callsPerAnswer,
  cpuPerAnswer,
  failuresOf,
  measurePoints,
  requestsPerSecond,
} from './measured-points.ts';

const COUNTS = [2, 20, 200];
/** Few, so that what wrk gives up at the end of a round is next to nothing beside what was answered. */
const CONNECTIONS = 8;

/** Documents with more and more fields. */
export async function measureFields(options: RoundOptions): Promise<Curve> {
  const most = Math.max(...COUNTS);
  const subject = ofTheGateway('this gateway', { MAX_ALIASES: String(most) });
  const points = COUNTS.map((items) => ({
    items,
    subject,
    kind: manyFields(items),
    connections: CONNECTIONS,
  }));
  const measured = await measurePoints(points, options);
  return {
    name: 'fields',
    title: 'CPU time and the fields of a document',
    items: 'fields',
    measures: [cpuPerAnswer(measured), requestsPerSecond(measured), callsPerAnswer(measured)],
    notes: [
      `Fields of one script, each under a name of its own. \`MAX_ALIASES\` is ${most} here; by default it is 60. ${CONNECTIONS} connections.`,
    ],
    failures: failuresOf(measured),
  };
}

/** In GraphQL, and in the REST API. */
const PLAIN_FIELDS = [
  ['id', 'id'],
  ['name', 'name'],
  ['enabled', 'enabled'],
  ['totalExecutions', 'total_executions'],
  ['freeForAll', 'free_for_all'],
  ['useHeartbeat', 'use_heartbeat'],
  ['kickOutdated', 'kick_outdated'],
  ['requireSessions', 'require_sessions'],
  ['totalSessions', 'total_sessions'],
  ['totalInstances', 'total_instances'],
] as const;

/** One script's plain fields over and over, by aliases: one REST call, however many there are. */
function manyFields(count: number): Case {
  const selected = Array.from({ length: count }, (_, index) => {
    const [name, wireName] = PLAIN_FIELDS[index % PLAIN_FIELDS.length] ?? PLAIN_FIELDS[0];
    return { alias: `field${index}`, name, wireName };
  });
  const fields = selected.map(({ alias, name }) => `${alias}: ${name}`);
  const query = `query ManyFields($id: ID!) { script(id: $id) { ${fields.join(' ')} } }`;
  return createCase(`${count} fields of one script`, query, ([id = '']) => ({
    variables: { id },
    data: () => {
      const { script } = scriptAnswer(id);
      return { script: Object.fromEntries(selected.map(({ alias, wireName }) => [alias, script[wireName]])) };
    },
  }));
}
