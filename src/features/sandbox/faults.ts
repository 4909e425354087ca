import type { Route } from '../../luaauth/endpoints.ts';
import type { WireError } from '../../luaauth/wire.ts';
import type { ProxyAnswer } from './proxy-page.ts';

/** The kinds of fault. `handled` says that the request takes effect although no answer arrives. */
export type Mishap =
  /** A failure envelope of the API; without `status` it travels as every other failure does. */
  | ({ kind: 'failure'; status?: number } & WireError)
  /** Any reply at all: a proxy's HTML page, an empty body, a redirect. */
  | { kind: 'raw'; status?: number; headers?: Record<string, string | string[]>; body?: string | Buffer }
  /** A proxy in front of the API answers in its place. */
  | ({ kind: 'proxy'; handled?: boolean } & ProxyAnswer)
  /** The connection is reset after the request was read. */
  | { kind: 'reset'; handled?: boolean }
  /** No answer, ever; the connection stays open. */
  | { kind: 'hang'; handled?: boolean }
  /** Headers and the first `bytes` of the body (half of it by default), then silence. */
  | { kind: 'stall'; bytes?: number }
  /** The normal answer, one byte per `intervalMs`. */
  | { kind: 'drip'; intervalMs: number }
  /** The normal answer, `ms` later. */
  | { kind: 'delay'; ms: number }
  /** The first `bytes` of the body (half of it by default), then a closed connection. */
  | { kind: 'truncate'; bytes?: number };

/** A mishap, the requests it strikes (all by default) and how often (`times`, once by default). */
export type Fault = Mishap & { route?: Route; method?: string; times?: number };

/** The most faults that are due at a time. */
const MAX_FAULTS = 1_000;

/** The faults that are due: the oldest that fits a request strikes it. */
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
    /** Whether no further one may be added over HTTP. */
    isFull: () => due.length >= MAX_FAULTS,
    clear(): void {
      due.length = 0;
    },
  };
}
