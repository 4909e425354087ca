import { type Case, createCase } from '../cases.ts';
import type { RoundOptions } from '../contest.ts';
import { scriptAnswer } from '../upstream-data.ts';
import type { Curve } from './curve.ts';
import { measureLargerOperations } from './larger-operations.ts';

const COUNTS = [1, 10, 100, 1_000];

/** Documents with more and more fields. */
export function measureFields(options: RoundOptions): Promise<Curve> {
  const most = Math.max(...COUNTS);
  return measureLargerOperations(
    {
      name: 'fields',
      title: 'CPU time and the fields of a document',
      sizes: COUNTS.map((items) => ({ items, kind: manyFields(items) })),
      limits: { MAX_ALIASES: String(most), MAX_TOKENS: String(4 * most), MAX_DOCUMENT_LENGTH: '40000' },
      note: `Fields of one script, each under a name of its own. \`MAX_ALIASES\`, \`MAX_TOKENS\` and \`MAX_DOCUMENT_LENGTH\` are higher here than by default.`,
    },
    options,
  );
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
