import type { Dispatcher } from 'undici';
import type { Access } from '../../src/luaauth/api.ts';
import { usable } from '../../src/luaauth/decoders.ts';
import { editScript, getScript, toggleScript } from '../../src/luaauth/scripts.ts';
import { CallFailure } from '../../src/transport/errors.ts';
import { createTransport, type TransportOptions } from '../../src/transport/transport.ts';
import { Usage } from '../../src/transport/usage.ts';
import { createManualClock } from '../support/clocks/clock.ts';

/**
 * What the API does with a request: answers with this JSON, with this status and no body that can be used, answers half, breaks the
 * connection, cannot be reached, or never answers.
 */
export type Fate = object | number | 'half' | 'broken' | 'unreachable' | 'silent';

/** All that an answer may be about, as nothing is known of it. */
const OBJECTS = { project: {}, session: {}, user: {}, system: {} };

interface Asking {
  readonly key?: string;
  readonly caller?: string;
  /** The operation that asks; by default one for each call. */
  readonly operation?: Access['origin'];
  readonly signal?: AbortSignal;
  readonly timeoutMs?: number;
  /** What is left of the operation's time, in ms. */
  readonly leftMs?: number;
}

/** The steps of the transport before an API of a few lines, on a clock that the test moves. */
export function createTransportScene(options: Partial<TransportOptions> = {}) {
  const clock = createManualClock();
  const held: (() => void)[] = [];
  let version = 1;
  let isHolding = false;

  /** Each write makes a version, and each read of a script shows the latest. */
  const answerPlainly = (line: string): Fate => {
    const isWrite = line.startsWith('POST') && !line.endsWith('/sessions');
    if (isWrite) version += 1;
    const script = { name: `v${version}` };
    const lists = { sessions: [], systems: [], executions: {}, providers: {} };
    return { success: true, system_id: 'x', processed: true, script, ...OBJECTS, ...lists };
  };

  const dispatch = ({ method, path }: Dispatcher.DispatchOptions, handler: Dispatcher.DispatchHandler) => {
    const line = `${method} ${path}`;
    let isOver = false;
    const fail = (error: Error) => {
      if (!isOver) handler.onError?.(error);
      isOver = true;
    };
    queueMicrotask(() => {
      const fate = scene.answer(line);
      scene.lines.push(line);
      if (fate === 'unreachable') return fail(new Error('ECONNREFUSED'));
      handler.onConnect?.((reason) => fail(reason ?? new Error('aborted')));
      if (isOver || fate === 'silent') return;
      const answer = () => {
        if (isOver) return;
        if (fate === 'broken') return fail(new Error('ECONNRESET'));
        handler.onHeaders?.(typeof fate === 'number' ? fate : 200, [], () => undefined, '');
        if (fate === 'half') return fail(new Error('other side closed'));
        handler.onData?.(Buffer.from(typeof fate === 'object' ? JSON.stringify(fate) : '<html>'));
        isOver = true;
        handler.onComplete?.([]);
      };
      if (isHolding) held.push(answer);
      else answer();
    });
    return true;
  };

  const transport = createTransport(
    { url: new URL('http://127.0.0.1'), userAgent: 'test', random: () => 0, clock, ...options },
    () => ({ dispatch, close: async () => undefined }) as unknown as Dispatcher,
  );

  const accessOf = ({
    key = 'key',
    caller = '',
    operation = { key, account: key, caller },
    signal,
    timeoutMs = 5_000,
    leftMs = timeoutMs,
  }: Asking): Access => ({
    ask: transport.ask,
    clock,
    origin: operation,
    usage: new Usage(),
    signal,
    timeouts: { read: timeoutMs, write: timeoutMs },
    deadline: clock.now() + leftMs,
  });

  /** The result in a word, and where it came from: `v1`, `v1 fresh`, `v1 stale 1500`, `TimedOut`, `TimedOut unknown`. */
  const told = async (result: Promise<string>, { usage }: Access): Promise<string> => {
    try {
      const value = await result;
      const { fresh, shared, stale, oldestMs } = usage;
      if (stale > 0) return `${value} stale ${oldestMs}`;
      return `${value}${fresh > 0 ? ' fresh' : ''}${shared > 0 ? ' shared' : ''}`;
    } catch (failure) {
      if (!(failure instanceof CallFailure)) throw failure;
      return failure.kind === 'read' ? failure.name : `${failure.name} ${failure.executed}`;
    }
  };

  const scene = {
    clock,
    accessOf,
    answerPlainly,
    answer: answerPlainly,
    /** The requests so far, such as `GET /scripts/a`. */
    lines: [] as string[],
    read(id = 'a', asking: Asking = {}): Promise<string> {
      const access = accessOf(asking);
      return told(
        getScript(access, { script_id: id }).then((script) => String(usable(script, 'name'))),
        access,
      );
    },
    toggle(id = 'a', asking: Asking = {}): Promise<string> {
      const access = accessOf(asking);
      return told(
        toggleScript(access, { script_id: id }, { state: true }).then(() => 'done'),
        access,
      );
    },
    edit(id = 'a', asking: Asking = {}): Promise<string> {
      const access = accessOf(asking);
      return told(
        editScript(access, { script_id: id }, { name: 'new' }).then(() => 'done'),
        access,
      );
    },
    /** Lets what was asked for happen, and then time pass. */
    async pass(ms: number): Promise<void> {
      await clock.advance(0);
      await clock.advance(ms);
    },
    /** Requests from now on are answered by what they meet, but only after `release`. */
    hold(): void {
      isHolding = true;
    },
    /** Requests from now on are answered at once again. */
    goOn(): void {
      isHolding = false;
    },
    async release(): Promise<void> {
      isHolding = false;
      await clock.advance(0);
      for (const answer of held.splice(0)) answer();
      await clock.advance(0);
    },
    /** Forgets the requests so far and returns them. */
    take: (): string[] => scene.lines.splice(0),
  };
  return scene;
}
