import { NOTHING_KNOWN, resumed, type SessionsEvent, type WhoIsOn, whoIsOn } from './who-is-on.ts';

/** An entry in `errors`, as every client has it. */
export interface StreamError {
  readonly message: string;
  readonly extensions?: Readonly<Record<string, unknown>> | undefined;
}

export interface StreamListener {
  onEvent(event: SessionsEvent): void;
  /** It has completed, the connection broke, or the gateway said why it ends it. Only the first time counts. */
  onEnd(errors?: readonly StreamError[]): void;
}

/** Opens one stream by one of the clients. @returns what closes it */
export type OpenStream = (
  variables: { readonly scriptId: string; readonly after: string | undefined },
  listener: StreamListener,
) => () => void;

export interface FollowOptions {
  onKnown(known: WhoIsOn): void;
  /** The gateway has refused for a reason that stays. It is over. */
  onRefused(error: StreamError): void;
  /** A snapshot comes once a minute: a stream that is silent for longer than this is dead. */
  readonly silenceMs?: number;
}

/** The codes after which `docs/errors.md` says to ask again. */
const PASSING = [
  ...['RATE_LIMITED', 'UPSTREAM_TIMEOUT', 'UPSTREAM_UNAVAILABLE', 'UPSTREAM_BAD_RESPONSE', 'UPSTREAM_ERROR'],
  ...['TOO_MANY_STREAMS', 'TOO_MANY_LIVE_SCRIPTS', 'TOO_MANY_OPERATIONS', 'OVERLOADED', 'SHUTTING_DOWN'],
  'COORDINATION_LOST',
];
const FIRST_WAIT_MS = 500;
const LONGEST_WAIT_MS = 30_000;

/** Follows a script, one stream after the other, each from the last cursor. @returns what ends it */
export function follow(open: OpenStream, scriptId: string, options: FollowOptions): () => void {
  const { onKnown, onRefused, silenceMs = 150_000 } = options;
  let known = NOTHING_KNOWN;
  let waitMs = FIRST_WAIT_MS;
  let stop = () => {};
  start();
  return () => stop();

  function start(): void {
    known = resumed(known);
    let isOver = false;
    let close = () => {};
    const finish = () => {
      isOver = true;
      clearTimeout(silence);
      close();
    };
    const startAgain = (inMs: number) => {
      finish();
      const timer = setTimeout(start, inMs);
      stop = () => clearTimeout(timer);
    };
    const onSilence = () => startAgain(0);
    let silence = setTimeout(onSilence, silenceMs);
    stop = finish;
    close = open(
      { scriptId, after: known.cursor },
      {
        onEvent(event) {
          if (isOver) return;
          clearTimeout(silence);
          silence = setTimeout(onSilence, silenceMs);
          waitMs = FIRST_WAIT_MS;
          known = whoIsOn(known, event);
          if (known.hasGap) startAgain(0);
          else onKnown(known);
        },
        onEnd(errors = []) {
          if (isOver) return;
          const refusal = errors.find(({ extensions }) => !PASSING.includes(String(extensions?.code)));
          if (refusal) {
            finish();
            onRefused(refusal);
            return;
          }
          // Others have lost their stream in the same moment.
          startAgain(waitMs * Math.random());
          waitMs = Math.min(2 * waitMs, LONGEST_WAIT_MS);
        },
      },
    );
    if (isOver) close();
  }
}
