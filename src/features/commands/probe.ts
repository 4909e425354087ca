import { getAdProviders, getAdSystem, getAdSystems } from '../../luaauth/ads.ts';
import type { Access } from '../../luaauth/api.ts';
import { isId } from '../../luaauth/decoders.ts';
import { getExecutions, getProjectExecutions } from '../../luaauth/executions.ts';
import { getProject } from '../../luaauth/projects.ts';
import { redact } from '../../luaauth/redact.ts';
import { Refused } from '../../luaauth/refusal.ts';
import { getScript } from '../../luaauth/scripts.ts';
import { filterSessions, getSession, getSessions } from '../../luaauth/sessions.ts';
import { getUser } from '../../luaauth/users.ts';
import type { Difference } from '../../observability/difference.ts';
import { type Call, headerIn, type Reply } from '../../transport/call.ts';
import { BadResponse, CallFailure } from '../../transport/errors.ts';
import type { Finding } from './diagnosis.ts';
import type { OnReply } from './single-calls.ts';

/** The ids that reads need, from the command line or from earlier answers. */
type Ids = { readonly [Name in keyof typeof ADVICE]?: string | undefined };

const ADVICE = {
  script: 'no script is known: give --script ID',
  project: 'no project is known: give --script ID',
  session: 'no session is known: give --script ID of a script with a session',
  key: 'no licence key is known: give --script ID of a script with a session',
  system: 'the account has no ad system',
} as const;

interface Read {
  readonly route: string;
  readonly needs?: keyof Ids;
  /** Makes the read, and returns the ids in its answer. */
  ask(api: Access, id: string): Promise<Ids | object>;
}

const PAGE = { from: 0, limit: 10 };

/** Every documented read. */
const READS: readonly Read[] = [
  {
    route: getScript.route,
    needs: 'script',
    ask: async (api, script_id) => ({ project: (await getScript(api, { script_id })).project_id }),
  },
  {
    route: getProject.route,
    needs: 'project',
    ask: (api, project_id) => getProject(api, { project_id }).then(nothing),
  },
  {
    route: getProjectExecutions.route,
    needs: 'project',
    async ask(api, project_id) {
      const { scripts } = await getProjectExecutions(api, { project_id });
      return { script: scripts?.find(({ id }) => id !== undefined)?.id };
    },
  },
  {
    route: getExecutions.route,
    needs: 'script',
    ask: (api, script_id) => getExecutions(api, { script_id }).then(nothing),
  },
  {
    route: getSessions.route,
    needs: 'script',
    async ask(api, script_id) {
      const sessions = await getSessions(api, { script_id }, PAGE);
      return {
        session: sessions.map(({ id }) => id).find(isId),
        key: sessions.map(({ user_key }) => user_key).find(isId),
      };
    },
  },
  {
    route: getSession.route,
    needs: 'session',
    ask: (api, session_id) => getSession(api, { session_id }).then(nothing),
  },
  {
    route: getUser.route,
    needs: 'key',
    ask: (api, user_key) => getUser(api, { user_key }).then(nothing),
  },
  {
    route: getAdSystems.route,
    async ask(api) {
      const [system] = await getAdSystems(api, {});
      return { system: system?.id, project: system?.project_id };
    },
  },
  { route: getAdProviders.route, ask: (api) => getAdProviders(api, {}).then(nothing) },
  {
    route: getAdSystem.route,
    needs: 'system',
    ask: (api, system_id) => getAdSystem(api, { system_id }).then(nothing),
  },
  {
    route: filterSessions.route,
    needs: 'script',
    ask: (api, script_id) => filterSessions(api, { script_id }, PAGE).then(nothing),
  },
];

function nothing(): object {
  return {};
}

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
export async function probe(options: ProbeOptions) {
  const { forOneCall, compare, key, scriptId } = options;
  const secrets = { keys: [key], texts: [] };
  const findings = new Map<Read, Finding>();
  let ids = knownOf(options.ids);
  let last: Reply | undefined;
  /** The failure that ended the probe. */
  let failure: CallFailure | undefined;
  const isKnown = ({ needs }: Read) => needs === undefined || ids[needs] !== undefined;
  for (;;) {
    const read = READS.find((candidate) => !findings.has(candidate) && isKnown(candidate));
    if (!read || failure) break;
    let reply: Reply | undefined;
    let differences: readonly Difference[] = [];
    const api = forOneCall((call, given) => {
      reply = given;
      differences = compare(call, given);
    });
    const begunAt = performance.now();
    const id = (read.needs && ids[read.needs]) ?? '';
    const failed = await read.ask(api, id).then(
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
    last = reply ?? last;
    const facts = `${read.route}: ${reply ? `HTTP ${reply.status}, ` : ''}${Math.round(performance.now() - begunAt)} ms`;
    const reason = failed && JSON.stringify(redact(failed.message, secrets));
    const isOfUser = id === scriptId;
    findings.set(read, { subject: 'Read', ...findingOf(facts, failed, reason, differences, isOfUser) });
  }
  for (const read of READS) {
    if (findings.has(read)) continue;
    const why = failure ? 'an earlier read had no answer' : read.needs && ADVICE[read.needs];
    findings.set(read, { level: 'note', subject: 'Read', fact: `${read.route}: not asked: ${why}.` });
  }
  const ofHeaders = last ? [headersFinding(last, (text) => redact(text, secrets))] : [];
  return { findings: [...findings.values(), ...ofHeaders], failure };
}

function knownOf(ids: Ids | object): Ids {
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

/** With a greater difference of clocks, tokens expire early and pauses end late. */
const MAX_CLOCK_SECONDS = 5;
const SHOWN_HEADERS = /^(?:server|cf-ray|retry-after)$|rate-?limit|quota/;
const MAX_HEADERS = 12;
const MAX_HEADER_LENGTH = 100;

/** Quotes facts of the last answer, which a proxy may have set. */
function headersFinding({ headers }: Reply, hide: (text: string) => string): Finding {
  const names = headers.flatMap((name, index) => (index % 2 === 0 ? [String(name).toLowerCase()] : []));
  const shown = [...new Set(names.filter((name) => SHOWN_HEADERS.test(name)))].slice(0, MAX_HEADERS);
  const facts = shown.map((name) => {
    const value = hide(headerIn(headers, name) ?? '').slice(0, MAX_HEADER_LENGTH);
    return `${hide(name).slice(0, MAX_HEADER_LENGTH)} ${JSON.stringify(value)}`;
  });
  const ahead = Math.round((Date.parse(headerIn(headers, 'date') ?? '') - Date.now()) / 1_000);
  const isOff = Math.abs(ahead) > MAX_CLOCK_SECONDS;
  if (isOff) facts.push(`the clock is ${Math.abs(ahead)} s ${ahead < 0 ? 'behind' : 'ahead of'} ours`);
  return {
    level: isOff ? 'note' : 'ok',
    subject: 'Headers',
    fact: facts.length > 0 ? `${facts.join('; ')}.` : 'none about the server or rates.',
    ...(isOff && { advice: 'Set the clock of this machine, such as by NTP.' }),
  };
}
