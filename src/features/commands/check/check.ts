import type { CommandParts } from '../../../cli/program.ts';
import { print } from '../../../cli/terminal.ts';
import type { Config } from '../../../config/config.ts';
import { isInClear } from '../../../http/address.ts';
import type { Access } from '../../../luaauth/api.ts';
import { Refused } from '../../../luaauth/refusal.ts';
import { getScript, type Script } from '../../../luaauth/scripts.ts';
import { StartError } from '../../../observability/start-error.ts';
import { type LoadedFeatures, loadFeatures, type ProcessFeatures } from '../../../server/features.ts';
import { CallFailure } from '../../../transport/errors.ts';
import { version } from '../../../version.ts';
import { diagnose, type Finding, show } from './diagnosis.ts';
import { probe } from './probe.ts';
import { openSingleCalls } from './single-calls.ts';

/** An id and a key that do not exist. */
const MADE_UP = 'luaauth-graphql-check';

export interface CheckOptions {
  readonly scriptId: string | undefined;
  /** Whether to make every documented read. */
  readonly isProbe: boolean;
  readonly json: boolean;
}

/**
 * Makes a single read: of `scriptId`, or of a script that cannot exist. Or makes every documented read.
 * @returns whether nothing has to be fixed
 */
export async function check(
  config: Config,
  { features, terminal }: Pick<CommandParts, 'features' | 'terminal'>,
  options: CheckOptions,
): Promise<boolean> {
  const { json } = options;
  const say = (text: string) => json || print(terminal, text);
  say(`luaauth-graphql ${version}`);
  const findings: Finding[] = [];
  for await (const finding of findingsOf(config, features, options)) {
    findings.push(finding);
    say(show(finding));
  }
  const ok = !findings.some(({ level }) => level === 'fail');
  if (json) print(terminal, JSON.stringify({ version, ok, findings }));
  return ok;
}

async function* findingsOf(
  config: Config,
  features: ProcessFeatures,
  { scriptId, isProbe }: CheckOptions,
): AsyncGenerator<Finding, undefined> {
  const problems: string[] = [];
  const told = (error: unknown): undefined => {
    if (!(error instanceof StartError)) throw error;
    problems.push(error.message);
  };
  const loaded = await loadFeatures(config, features).catch(told);
  if (loaded) await tryToOpen(config, loaded, told);
  for (const fact of problems) yield { level: 'fail', subject: 'Configuration', fact };
  if (problems.length === 0)
    yield { level: 'ok', subject: 'Configuration', fact: 'it is complete and consistent.' };
  for (const fact of config.notes) yield { level: 'note', subject: 'Configuration', fact };
  if (config.redis && loaded?.redis) yield await redisFinding(config.redis, loaded.redis);

  const { timeouts } = config;
  const sandbox = await loaded?.sandbox?.openSandbox();
  const url = config.apiUrl ?? (sandbox && new URL(sandbox.url));
  // An earlier finding names the missing feature.
  if (!url) return;
  const heldKey = config.credentials.heldKey;
  const differences = isProbe ? await features.differences?.() : undefined;
  const facts = loaded?.sandbox?.facts;
  const key = heldKey ?? (differences && facts?.key) ?? MADE_UP;
  const calls = openSingleCalls({ url, key, timeouts });
  try {
    const { scriptId: script = scriptId, userKey } = facts?.ids ?? {};
    const ids = { script_id: scriptId ?? script, user_key: userKey };
    const { forOneCall } = calls;
    const probed =
      differences && (await probe({ forOneCall, compare: differences.compareAnswer, key, ids, scriptId }));
    const answer = probed ? probed.failure : await ask(forOneCall(), scriptId ?? MADE_UP);
    const diagnosis = answer instanceof CallFailure ? diagnose(answer, url, timeouts.read) : undefined;
    if (sandbox) yield SANDBOX;
    else if (diagnosis) yield { level: 'fail', subject: 'LuaAuth', ...diagnosis };
    else yield { level: 'ok', subject: 'LuaAuth', fact: `it answers at ${url.href}.` };
    if (isInClear(url)) yield IN_CLEAR;
    if (sandbox && heldKey !== undefined && !facts?.isKey(heldKey)) yield NOT_A_SANDBOX_KEY;
    else if (answer && !diagnosis) yield { subject: 'Key', ...keyFinding(heldKey, scriptId, answer) };
    yield* probed?.findings ?? [];
  } finally {
    await calls.close();
    await sandbox?.close();
  }
}

/** Tries the audit file, the dashboard and tracing as a start would. `told` receives each problem. */
async function tryToOpen(
  { auditFile, tracesUrl, dashboard, persisted }: Config,
  features: LoadedFeatures,
  told: (error: unknown) => undefined,
): Promise<void> {
  if (auditFile !== undefined) await features.audit?.checkAuditFile(auditFile).catch(told);
  if (dashboard)
    await features.dashboard
      ?.loadDashboard({ ...dashboard, sandboxKey: undefined, hasRequests: false })
      .catch(told);
  if (tracesUrl)
    await features.tracing
      ?.openTracing(tracesUrl, persisted.listed, () => undefined)
      .then(({ close }) => close(), told);
}

/** Asks Redis as a gateway would. Fails if the gateway would not start. */
async function redisFinding(
  { url, prefix }: NonNullable<Config['redis']>,
  { askRedis, redisProblem }: NonNullable<LoadedFeatures['redis']>,
): Promise<Finding> {
  try {
    await askRedis({ url, prefix });
    return { level: 'ok', subject: 'Redis', fact: `it answers at ${new URL(url).host}.` };
  } catch (cause) {
    const problem = cause as Error;
    if (['RedisRefused', 'RedisClientMissing'].includes(problem.name))
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

async function ask(api: Access, script_id: string): Promise<Script | CallFailure> {
  try {
    return await getScript(api, { script_id });
  } catch (failure) {
    if (failure instanceof CallFailure) return failure;
    throw failure;
  }
}
