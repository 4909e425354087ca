import { parseExactJson, stringifyExactJson } from '../../../base/json.ts';
import type { CommandParts } from '../../../cli/program.ts';
import { printError } from '../../../cli/terminal.ts';
import type { Config } from '../../../config/config.ts';
import { createGateway } from '../../../gateway.ts';
import { isObject } from '../../../luaauth/envelope.ts';
import { StartError } from '../../../observability/start-error.ts';
import { loadFeatures } from '../../../server/features.ts';
import { createLog } from '../../../server/log.ts';
import { secretsOf } from '../../../server/open-observability.ts';
import { openUpstream } from '../../../server/open-upstream.ts';
import type { Usage } from '../../../transport/usage.ts';

export type Members = Readonly<Record<string, unknown>>;

interface Operation {
  readonly query: string;
  readonly variables?: Members | undefined;
  readonly operationName?: string | undefined;
}

export interface Answer {
  readonly data: Members;
  readonly errors: readonly Members[];
  /** The report, or the plan. */
  readonly upstream: Members;
  /** The types of the results of mutations. */
  readonly results: readonly unknown[];
  /** The whole answer, as without a report. */
  readonly shown: Members;
}

/** A gateway inside a command. It listens to no port. */
export interface OwnGateway {
  /**
   * @param mode - `plan` asks for the price and runs nothing; by default the answer has a report
   * @param onSend - called when a request is about to leave the process. What it throws keeps the request from leaving, and
   *   rejects the promise
   */
  ask(operation: Operation, mode?: 'plan' | 'report', onSend?: Usage['onSend']): Promise<Answer>;
  close(): Promise<void>;
}

/** Opens a gateway with the key of the account. @throws StartError without an API, or without a key that is needed */
export async function openOwnGateway(
  config: Config,
  { features, terminal }: Pick<CommandParts, 'features' | 'terminal'>,
  needsKey: boolean,
): Promise<OwnGateway> {
  if (!config.apiUrl && !config.wantsSandbox) throw new StartError(NO_API);
  // The user of the command has the API key, so any document may run, and no gateway key is needed.
  const persisted = { ...config.persisted, mode: 'allowed' as const };
  const own = { ...config, ...NOT_OF_COMMANDS, persisted };
  const loaded = await loadFeatures(own, features);
  const sandbox = loaded.sandbox?.facts;
  const heldKey = config.credentials.heldKey ?? sandbox?.key;
  if (needsKey && heldKey === undefined) throw new StartError(NO_KEY);
  if (sandbox) printError(terminal, 'Sandbox: made-up data. Nothing reaches LuaAuth.');
  // Its calls count in the quota that gateways share.
  const { transport, close } = await openUpstream(own, loaded, []);
  const onSends = new Map<string, Usage['onSend']>();
  let asked = 0;
  const gateway = createGateway({
    ...own,
    features: loaded.gateway,
    transport,
    credentials: { heldKey },
    liveLimits: own.live,
    graphiql: undefined,
    observers: [
      {
        running({ requestId, usage }) {
          // The members of a usage are read-only for observers that only observe.
          if (usage) Object.assign(usage, { onSend: onSends.get(requestId) });
        },
      },
    ],
    log: createLog({ level: 'error', secrets: secretsOf(config), destination: terminal.stderr }),
  });
  return {
    async ask(operation, mode = 'report', onSend = undefined) {
      asked += 1;
      const id = String(asked);
      const headers = { 'content-type': 'application/json', 'x-upstream': mode, 'x-request-id': id };
      const body = stringifyExactJson(operation);
      let failure: { readonly error: unknown } | undefined;
      if (onSend)
        onSends.set(id, (call) => {
          try {
            onSend(call);
          } catch (error) {
            failure = { error };
            throw error;
          }
        });
      const response = await gateway.fetch('http://localhost/graphql', { method: 'POST', headers, body });
      const answer = parseExactJson(await response.text());
      onSends.delete(id);
      if (failure) throw failure.error;
      return readAnswer(answer, mode);
    },
    async close() {
      gateway.endStreams();
      await close();
    },
  };
}

/** What a gateway that listens has. */
const NOT_OF_COMMANDS = {
  agents: undefined,
  auditFile: undefined,
  dashboard: undefined,
  jwt: undefined,
  metrics: undefined,
  metricsScripts: undefined,
  tracesUrl: undefined,
};

const NO_API =
  'LUAAUTH_API_URL: not set, so nothing would reach LuaAuth. Set LUAAUTH_API_URL=https://api.luaauth.com, or give --sandbox to try it with made-up data.';
const NO_KEY = 'LUAAUTH_TOKEN: not set, so LuaAuth would refuse everything. Set LUAAUTH_TOKEN.';

function readAnswer(answer: unknown, mode: 'plan' | 'report'): Answer {
  const { data, errors, extensions, ...others } = membersOf(answer);
  const { upstream, ...more } = membersOf(extensions);
  const { writes, stale, oldestMs, ray, coordination } = membersOf(upstream);
  const marks = {
    ...(Number(stale) > 0 && { stale, oldestMs, ray }),
    ...(coordination !== undefined && { coordination }),
  };
  const isMarked = Object.keys(marks).length > 0;
  const shown = mode === 'plan' ? membersOf(extensions) : { ...more, ...(isMarked && { upstream: marks }) };
  return {
    data: membersOf(data),
    errors: Array.isArray(errors) ? errors.map(membersOf) : [],
    upstream: membersOf(upstream),
    results: Array.isArray(writes) ? writes.map((write) => membersOf(write).result) : [],
    shown: {
      ...(errors !== undefined && { errors }),
      ...(data !== undefined && { data }),
      ...others,
      ...(Object.keys(shown).length > 0 && { extensions: shown }),
    },
  };
}

export function membersOf(value: unknown): Members {
  return isObject(value) ? value : {};
}

/** The result types of a successful mutation. */
const SUCCESS = /^(?:\w+Success|MessageDelivered)$/;

/** Whether LuaAuth, or the gateway for it, refused one of the mutations. */
export function isRefused({ results }: Answer): boolean {
  return results.some((type) => typeof type === 'string' && !SUCCESS.test(type));
}
