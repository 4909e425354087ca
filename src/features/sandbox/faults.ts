import type { Route } from '../../luaauth/endpoints.ts';
import type { WireError } from '../../luaauth/wire.ts';
import type { ProxyAnswer } from './proxy-page.ts';

/** The kinds of fault. `handled`: the request takes effect although no answer arrives. */
export type Mishap =
  /** A failure of the API. By default with the status of other failures. */
  | ({ kind: 'failure'; status?: number } & WireError)
  /** Any answer: a proxy's HTML page, an empty body, a redirect. */
  | { kind: 'raw'; status?: number; headers?: Record<string, string | string[]>; body?: string | Buffer }
  /** A proxy answers instead of the API. */
  | ({ kind: 'proxy'; handled?: boolean } & ProxyAnswer)
  /** The connection is reset after the request was read. */
  | { kind: 'reset'; handled?: boolean }
  /** There is no answer, and the connection stays open. */
  | { kind: 'hang'; handled?: boolean }
  /** The headers and the first `bytes` of the body (by default half of it), then nothing more. */
  | { kind: 'stall'; bytes?: number }
  /** The normal answer, one byte every `intervalMs`. */
  | { kind: 'drip'; intervalMs: number }
  | { kind: 'delay'; ms: number }
  /** The first `bytes` of the body (by default half of it), then the connection closes. */
  | { kind: 'truncate'; bytes?: number };

/** A fault, the requests that it affects (by default all) and how many of them (`times`, by default one). */
export type Fault = Mishap & { route?: Route; method?: string; times?: number };

const MAX_FAULTS = 1_000;

/** The pending faults. The oldest matching fault affects a request. */
export function createFaults() {
  const due: { fault: Fault; left: number }[] = [];
  return {
    add(fault: Fault): void {
      due.push({ fault, left: fault.times ?? 1 });
    },
    take(method: string, route: Route | undefined): Fault | undefined {
      const entry = due.find(
        ({ fault }) => (fault.route ?? route) === route && (fault.method ?? method) === method,
      );
      if (!entry) return undefined;
      entry.left -= 1;
      if (entry.left <= 0) due.splice(due.indexOf(entry), 1);
      return entry.fault;
    },
    isFull: () => due.length >= MAX_FAULTS,
    clear(): void {
      due.length = 0;
    },
  };
}
