import type { Identify } from '../../callers/identify.ts';
import { requestError } from '../../errors/coded-error.ts';
import { errorResponse, type HttpResponse } from '../../http/response.ts';
import type { HttpRoute } from '../../http/routes.ts';
import { operationNameOf, withoutKeys } from '../../observability/facts.ts';
import {
  isOperation,
  type RequestEnd,
  type RequestObserver,
  type RequestRecord,
} from '../../observability/request-record.ts';

const PATH = '/dashboard/requests.json';
const MOST_KEPT = 200;

/** What the page shows of an operation: no document, no variable, no id, no key, and no text of LuaAuth. */
interface RecentRequest {
  /** When it was answered, as an instant. */
  readonly at: string;
  readonly requestId: string;
  readonly name: string | undefined;
  readonly type: string | undefined;
  /** The name of the gateway key. */
  readonly caller: string | undefined;
  readonly ms: number;
  /** REST calls. */
  readonly calls: number;
  readonly status: number;
  readonly codes: readonly string[];
  /** The schema coordinates of failed fields. */
  readonly fields: readonly string[];
}

/** The last operations that this process has answered. */
export class RecentRequests implements RequestObserver {
  readonly #kept: RecentRequest[] = [];
  readonly #identify: Identify;

  /** @param identify - finds the caller who reads the list; callers have names, so the gateway holds the LuaAuth key */
  constructor(identify: Identify) {
    this.#identify = identify;
  }

  ended(record: RequestRecord, { status, durationMs }: RequestEnd): void {
    if (!isOperation(record)) return;
    if (this.#kept.length === MOST_KEPT) this.#kept.shift();
    this.#kept.push({
      at: new Date().toISOString(),
      requestId: withoutKeys(record, record.requestId),
      name: operationNameOf(record),
      type: record.operation?.type,
      caller: record.caller,
      ms: Math.round(durationMs),
      calls: record.usage?.calls ?? 0,
      status,
      codes: [...new Set(record.codes)],
      fields: record.failedFields,
    });
  }

  /** Answers a key with the scope `metrics:read`. A key with lists sees only its own operations. */
  readonly route: HttpRoute = async (request): Promise<HttpResponse | undefined> => {
    if (request.path !== PATH || request.method !== 'GET') return undefined;
    const { grant, refusal } = await this.#identify(request);
    if (refusal)
      return errorResponse(requestError('UNAUTHENTICATED', 401, refusal.message), request.header('accept'));
    const { name, scopes, scripts, projects } = grant;
    if (scopes && !scopes.has('metrics:read'))
      return errorResponse(requestError('FORBIDDEN', 403, LACKS_SCOPE), request.header('accept'));
    const isLimited = scripts !== undefined || projects !== undefined;
    const shown = isLimited ? this.#kept.filter(({ caller }) => caller === name) : this.#kept;
    const headers = { 'content-type': 'application/json', 'cache-control': 'no-store' };
    return { status: 200, headers, body: JSON.stringify(shown.toReversed()) };
  };
}

const LACKS_SCOPE =
  'This gateway key lacks the scope metrics:read. Use a key with this scope, or ask the operator of the gateway for one.';
