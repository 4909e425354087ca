import type { CommandParts } from '../../cli/program.ts';
import { print } from '../../cli/terminal.ts';
import type { Config } from '../../config/config.ts';
import { isInClear } from '../../http/address.ts';
import type { Timeouts } from '../../luaauth/api.ts';
import { Refused } from '../../luaauth/refusal.ts';
import { getScript, type Script } from '../../luaauth/scripts.ts';
import { StartError } from '../../observability/start-error.ts';
import { loadFeatures, type ProcessFeatures } from '../../server/features.ts';
import { CallFailure } from '../../transport/errors.ts';
import { version } from '../../version.ts';
import { diagnose, type Finding, show } from './diagnosis.ts';
import { openDirectAccess } from './direct-access.ts';
import { type Probe, probe } from './probe.ts';
import { findingsOf } from './probe-findings.ts';
import type { ProbedIds } from './probed-reads.ts';

/** An id and a key that do not exist. */
const MADE_UP = 'luaauth-graphql-check';

export interface CheckOptions {
  readonly scriptId: string | undefined;
  /** The ids for a probe. Undefined: a single read is enough. */
  readonly probe: ProbedIds | undefined;
  readonly json: boolean;
}

/**
 * Makes a single read: of `scriptId`, or of a script that cannot exist. With `probe`, makes every documented read.
 * @returns whether nothing has to be fixed
 */
export async function check(
  config: Config,
  { features, terminal }: Pick<CommandParts, 'features' | 'terminal'>,
  { scriptId, probe: ids, json }: CheckOptions,
): Promise<boolean> {
  const say = (text: string) => json || print(terminal, text);
  const finish = (found: readonly Finding[], probed?: Probe): boolean => {
    const ok = !found.some(({ level }) => level === 'fail');
    const facts = { version, ok, findings: found, ...(probed && { probe: forJson(probed) }) };
    if (json) print(terminal, JSON.stringify(facts));
    return ok;
  };
  say(`luaauth-graphql ${version}`);
  const findings: Finding[] = [];
  const report = (finding: Finding) => {
    findings.push(finding);
    say(show(finding));
  };
  const problems = await problemsAtStart(config, features);
  for (const fact of problems) report({ level: 'fail', subject: 'Configuration', fact });
  if (problems.length === 0)
    report({ level: 'ok', subject: 'Configuration', fact: 'it is complete and consistent.' });
  for (const fact of config.notes) report({ level: 'note', subject: 'Configuration', fact });

  if (config.redis && features.redis) report(await redisFinding(config.redis, features.redis));
  const ofSandbox = config.apiUrl ? undefined : await features.sandbox?.();
  const sandbox = await ofSandbox?.openSandbox();
  const url = config.apiUrl ?? (sandbox && new URL(sandbox.url));
  // The findings name the missing feature.
  if (!url) return finish(findings);
  let probed: Probe | undefined;
  try {
    const key = config.credentials.heldKey;
    const differences = ids && (await features.differences?.());
    if (differences) {
      const { scriptId: script, userKey } = ofSandbox?.facts.ids ?? {};
      const known = ofSandbox ? { script, key: userKey, ...ids } : ids;
      probed = await probe({
        url,
        key: key ?? ofSandbox?.facts.key ?? MADE_UP,
        timeouts: config.timeouts,
        ids: known,
        compare: differences.compareAnswer,
      });
    }
    const answer = probed
      ? probed.failure
      : await ask(url, key ?? MADE_UP, scriptId ?? MADE_UP, config.timeouts);
    const diagnosis = answer instanceof CallFailure ? diagnose(answer, url, config.timeouts.read) : undefined;
    if (sandbox) report(SANDBOX);
    else if (diagnosis) report({ level: 'fail', subject: 'LuaAuth', ...diagnosis });
    else report({ level: 'ok', subject: 'LuaAuth', fact: `it answers at ${url.href}.` });
    if (isInClear(url)) report(IN_CLEAR);
    if (sandbox && key !== undefined && !ofSandbox?.facts.isKey(key)) report(NOT_A_SANDBOX_KEY);
    else if (answer && !diagnosis) report({ subject: 'Key', ...keyFinding(key, scriptId, answer) });
    if (probed) findingsOf(probed).forEach(report);
  } finally {
    await sandbox?.close();
  }
  return finish(findings, probed);
}

/** Leaves out the failure, which is one of the findings. */
function forJson({ calls, reads, front }: Probe) {
  return { calls, reads, front };
}

async function problemsAtStart(config: Config, features: ProcessFeatures): Promise<readonly string[]> {
  const { auditFile, tracesUrl, dashboard } = config;
  const { loadAgents } = await import('../../server/open-gateway.ts');
  const attempts = await Promise.allSettled([
    loadFeatures(config, features),
    auditFile !== undefined && features.audit?.().then(({ checkAuditFile }) => checkAuditFile(auditFile)),
    loadAgents(config, features, 'http'),
    dashboard && features.dashboard?.().then(({ loadDashboard }) => loadDashboard()),
    tracesUrl &&
      features
        .tracing?.()
        .then(({ openTracing }) => openTracing(tracesUrl, () => undefined))
        .then(({ close }) => close()),
  ]);
  return attempts.flatMap((attempt) => {
    if (attempt.status === 'fulfilled') return [];
    if (attempt.reason instanceof StartError) return [attempt.reason.message];
    throw attempt.reason;
  });
}

/** Asks Redis as a gateway would. Fails if the gateway would not start. */
async function redisFinding(
  { url, prefix, isRequired }: NonNullable<Config['redis']>,
  load: NonNullable<ProcessFeatures['redis']>,
): Promise<Finding> {
  const { askRedis, redisProblem } = await load();
  try {
    await askRedis({ url, prefix });
    return { level: 'ok', subject: 'Redis', fact: `it answers at ${new URL(url).host}.` };
  } catch (cause) {
    const problem = cause as Error;
    if (isRequired || problem.name === 'RedisClientMissing')
      return { level: 'fail', subject: 'Redis', fact: redisProblem(problem, url) };
    const fact = `it cannot be used at ${new URL(url).host}: ${problem.message}. The gateway would start without it.`;
    return { level: 'note', subject: 'Redis', fact, advice: 'Start it, or set REDIS_URL to its address.' };
  }
}

const SANDBOX: Finding = {
  level: 'note',
  subject: 'LuaAuth',
  fact: 'LUAAUTH_API_URL is not set: the built-in sandbox answers, with made-up data.',
  advice: 'Set LUAAUTH_API_URL=https://api.luaauth.com to go live.',
};

const NOT_A_SANDBOX_KEY: Finding = {
  level: 'fail',
  subject: 'Key',
  fact: 'the sandbox does not know the key of LUAAUTH_TOKEN: every field will be refused.',
  advice: 'Set LUAAUTH_API_URL=https://api.luaauth.com if it is your own key, or leave LUAAUTH_TOKEN out.',
};

const IN_CLEAR: Finding = {
  level: 'note',
  subject: 'Key',
  fact: 'LUAAUTH_API_URL begins with http://, so keys travel in the clear; ALLOW_INSECURE_API allows it.',
  advice: 'Begin it with https://, unless the network in between is your own.',
};

function keyFinding(
  key: string | undefined,
  scriptId: string | undefined,
  answer: Script | CallFailure,
): Omit<Finding, 'subject'> {
  if (key === undefined) {
    return { level: 'ok', fact: 'the gateway has no key: each caller sends a key.' };
  }
  if (scriptId === undefined) {
    return {
      level: 'note',
      fact: 'the key was sent, but whether LuaAuth accepts it is not known: it refuses unknown keys and unknown scripts alike.',
      advice: 'Give --script the id of one of your scripts to find out.',
    };
  }
  if (!(answer instanceof CallFailure)) {
    return { level: 'ok', fact: `accepted: it reads the script ${JSON.stringify(answer.name)}.` };
  }
  const isDenied = answer instanceof Refused && answer.reason === 'not permitted';
  return {
    level: 'fail',
    fact: `LuaAuth refused to read ${scriptId}: ${JSON.stringify(answer.message)}.${isDenied ? DENIED : ''}`,
    advice: 'Compare the key and the id with the LuaAuth dashboard.',
  };
}

const DENIED =
  ' Either it does not know the key, or the script belongs to another account: it does not say which.';

async function ask(
  url: URL,
  key: string,
  scriptId: string,
  timeouts: Timeouts,
): Promise<Script | CallFailure> {
  const api = openDirectAccess({ url, key, timeouts });
  try {
    return await getScript(api.forOneCall(), { script_id: scriptId });
  } catch (failure) {
    if (failure instanceof CallFailure) return failure;
    throw failure;
  } finally {
    await api.close();
  }
}
