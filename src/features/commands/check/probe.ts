import { getAdProviders, getAdSystems } from '../../../luaauth/ads.ts';
import type { Access } from '../../../luaauth/api.ts';
import { isId } from '../../../luaauth/decoders.ts';
import type { Endpoint, Payloads } from '../../../luaauth/endpoint.ts';
import { ENDPOINTS } from '../../../luaauth/endpoints.ts';
import { getExecutions, getProjectExecutions } from '../../../luaauth/executions.ts';
import { redact } from '../../../luaauth/redact.ts';
import { Refused } from '../../../luaauth/refusal.ts';
import { type Params, paramsIn, type RouteTemplate } from '../../../luaauth/resource.ts';
import { getScript } from '../../../luaauth/scripts.ts';
import { filterSessions, getSessions } from '../../../luaauth/sessions.ts';
import type { Difference } from '../../../observability/difference.ts';
import type { Call, Reply } from '../../../transport/call.ts';
import { BadResponse, CallFailure } from '../../../transport/errors.ts';
import type { Finding } from './diagnosis.ts';
import type { OnReply } from './single-calls.ts';

/** By the parameters of routes: the ids that reads need, from the command line or from earlier answers. */
type Ids = Readonly<Record<string, string | undefined>>;

const ADVICE: Readonly<Record<string, string>> = {
  script_id: 'no script is known: give --script ID',
  project_id: 'no project is known: give --script ID',
  session_id: 'no session is known: give --script ID of a script with a session',
  user_key: 'no licence key is known: give --script ID of a script with a session',
  system_id: 'the account has no ad system',
};

interface Read {
  readonly route: RouteTemplate;
  /** The id in the route. The route of a read has one or none. */
  readonly needs: string | undefined;
  /** Makes the call, and gives the ids in its answer. */
  readonly ask: (api: Access, ids: Ids) => Promise<Ids>;
}

/** `idsIn` gives the ids in an answer, which other reads need. */
function read<Path extends RouteTemplate, Payload, Answer>(
  endpoint: Endpoint<Path, Payload, Answer>,
  idsIn: (answer: Answer) => Ids = () => ({}),
  ...payload: Payloads<Payload>
): Read {
  const { route } = endpoint;
  const [needs] = paramsIn(route);
  return {
    route,
    needs,
    ask: async (api, ids) => idsIn(await endpoint(api, ids as Params<Path>, ...payload)),
  };
}

const PAGE = { from: 0, limit: 10 };

/** The reads that give ids to others, and the reads that do not show one object. */
const LISTED: readonly Read[] = [
  read(getScript, ({ project_id }) => ({ project_id })),
  read(getProjectExecutions, ({ scripts }) => ({
    script_id: scripts?.find(({ id }) => id !== undefined)?.id,
  })),
  read(getExecutions),
  read(
    getSessions,
    (sessions) => ({
      session_id: sessions.map(({ id }) => id).find(isId),
      user_key: sessions.map(({ user_key }) => user_key).find(isId),
    }),
    PAGE,
  ),
  read(getAdSystems, ([system]) => ({ system_id: system?.id, project_id: system?.project_id })),
  read(getAdProviders),
  read(filterSessions, undefined, PAGE),
];

/** Every documented read. The reads of one object come from the declarations. */
const READS: readonly Read[] = [
  ...LISTED,
  ...ENDPOINTS.all.flatMap(({ route, shows }): readonly Read[] => {
    if (!shows || LISTED.some((listed) => listed.route === route)) return [];
    const ask = async (api: Access, ids: Ids): Promise<Ids> => {
      await ENDPOINTS.show(api, shows, ids[shows.param] ?? '');
      return {};
    };
    return [{ route, needs: shows.param, ask }];
  }),
];

interface ProbeOptions {
  /** The API for one call. */
  readonly forOneCall: (onReply: OnReply) => Access;
  readonly compare: (call: Call<unknown>, reply: Reply) => readonly Difference[];
  /** The key of the account, which no finding shows. */
  readonly key: string;
  readonly ids: Ids;
  /** The script that the user named. */
  readonly scriptId: string | undefined;
}

/** Makes each documented read whose id is known once, and compares the answers with the documentation. */
export async function probe({ forOneCall, compare, key, ids: given, scriptId }: ProbeOptions) {
  const findings = new Map<Read, Finding>();
  let ids = knownOf(given);
  /** The failure that ended the probe. */
  let failure: CallFailure | undefined;
  const isKnown = ({ needs }: Read) => needs === undefined || ids[needs] !== undefined;
  for (;;) {
    const next = READS.find((candidate) => !findings.has(candidate) && isKnown(candidate));
    if (!next || failure) break;
    let status: number | undefined;
    let differences: readonly Difference[] = [];
    const api = forOneCall((call, reply) => {
      status = reply.status;
      differences = compare(call, reply);
    });
    const begunAt = performance.now();
    const failed = await next.ask(api, ids).then(
      (learnt) => {
        ids = { ...knownOf(learnt), ...ids };
        return undefined;
      },
      (error: unknown) => {
        if (error instanceof CallFailure) return error;
        throw error;
      },
    );
    // Before the first answer of the API, another server may be answering.
    const isOfApi = findings.size > 0 || differences.length > 0;
    if (failed && !(failed instanceof Refused) && !(failed instanceof BadResponse && isOfApi))
      failure = failed;
    const facts = `${next.route}: ${status === undefined ? '' : `HTTP ${status}, `}${Math.round(performance.now() - begunAt)} ms`;
    const reason = failed && JSON.stringify(redact(failed.message, key));
    const isOfUser = next.needs === 'script_id' && ids.script_id === scriptId;
    findings.set(next, { subject: 'Read', ...findingOf(facts, failed, reason, differences, isOfUser) });
  }
  const notAsked = READS.filter((candidate) => !findings.has(candidate)).map(({ route, needs }): Finding => {
    const why = failure
      ? 'an earlier read had no answer'
      : needs && (ADVICE[needs] ?? `no ${needs} is known`);
    return { level: 'note', subject: 'Read', fact: `${route}: not asked: ${why}.` };
  });
  return { findings: [...findings.values(), ...notAsked], failure };
}

function knownOf(ids: Ids): Ids {
  return Object.fromEntries(Object.entries(ids).filter(([, id]) => id !== undefined));
}

function findingOf(
  facts: string,
  failed: CallFailure | undefined,
  reason: string | undefined,
  differences: readonly Difference[],
  isOfUser: boolean,
): Omit<Finding, 'subject'> {
  // A session or user that the probe found may have ended in the meantime.
  if (failed instanceof Refused)
    return { level: isOfUser ? 'fail' : 'note', fact: `${facts}, refused: ${reason}.` };
  if (differences.length > 0) {
    const members = differences.length === 1 ? '1 member differs' : `${differences.length} members differ`;
    // A new member breaks no field.
    const level = differences.every(({ kind }) => kind === 'new') ? 'note' : 'fail';
    return { level, fact: `${facts}, ${members}:`, advice: differences.map(lineOf).join('\n') };
  }
  if (failed) return { level: 'fail', fact: `${facts}, failed: ${reason}.` };
  return { level: 'ok', fact: `${facts}, as documented.` };
}

function lineOf({ kind, member, documented, found }: Difference): string {
  if (kind === 'new') return `new      ${member}: ${found}`;
  const was = kind === 'type' ? `, found ${found}` : '';
  return `${kind.padEnd(7)}  ${member}: documented ${documented}${was}`;
}
