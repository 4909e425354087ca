import { setTimeout as sleep } from 'node:timers/promises';
import { type AskedGateway, NoAnswer } from '../ask-gateway.ts';
import type { Journal } from './journal.ts';
import { durationText } from './progress.ts';
import type { RowOperation } from './row-operation.ts';
import { type RowEnd, type RowResult, readRowEnd, withoutAnswer } from './row-result.ts';
import type { ReadableRow } from './rows.ts';

/** Ends a run before its last row. */
export class Stop {
  readonly #controller = new AbortController();
  reason: string | undefined;

  readonly because = (reason: string): void => {
    this.reason ??= reason;
    this.#controller.abort();
  };

  /** Resolves after `ms`, or when the run stops. */
  async sleep(ms: number): Promise<void> {
    await sleep(ms, undefined, { signal: this.#controller.signal }).catch(() => undefined);
  }
}

/** The run ends if no row ends within this time. */
const GIVE_UP_MS = 10 * 60_000;

/** A row fails if it gets no answer this often while other rows end. */
const MOST_FAILURES = 5;

interface SenderOptions {
  readonly gateway: AskedGateway;
  readonly document: string;
  readonly operation: RowOperation;
  readonly operationName: string | undefined;
  readonly journal: Journal | undefined;
  readonly stop: Stop;
}

type Again = Extract<RowEnd, { tryAgainMs: number }>;

/** Sends rows. Pauses all rows when the gateway says that it is too early. */
export class RowSender {
  readonly #options: SenderOptions;
  #pausedUntil = 0;
  #lastEndAt = performance.now();
  /** Why no row is sent now. */
  waitingFor: string | undefined;

  constructor(options: SenderOptions) {
    this.#options = options;
  }

  /** Sends a row until it has a result. Undefined if the run stops first and nothing was carried out. */
  async resultOf({ row, line, digest, values }: ReadableRow): Promise<RowResult | undefined> {
    const { stop, operation, journal } = this.#options;
    let failures = 0;
    let failedAt = Number.POSITIVE_INFINITY;
    for (;;) {
      await this.#pauseIsOver();
      if (stop.reason !== undefined) return undefined;
      if (operation.isMutation) await journal?.begin(row, digest);
      const end = await this.#send(values);
      if ('failed' in end) {
        if (this.#lastEndAt > failedAt) failures += 1;
        failedAt = performance.now();
      }
      const failed = 'failed' in end && failures >= MOST_FAILURES ? end.failed : undefined;
      const result = 'result' in end ? end.result : failed;
      if (result) {
        this.waitingFor = undefined;
        this.#lastEndAt = performance.now();
        return { row, line, ...result };
      }
      if (operation.isMutation) journal?.takeBack(row);
      if ('stop' in end) stop.because(end.stop);
      else if ('tryAgainMs' in end) await this.#tryAgain(end);
    }
  }

  /** Sends the operation with these values. `plan` asks for the price and runs nothing. */
  ask(variables: Readonly<Record<string, unknown>>, plan: boolean): Promise<string> {
    const { gateway, document: query, operation, operationName } = this.#options;
    const { isMutation } = operation;
    return gateway.ask({ query, variables, operationName, plan, isMutation });
  }

  async #send(variables: Readonly<Record<string, unknown>>): Promise<RowEnd> {
    const { operation } = this.#options;
    try {
      return readRowEnd(await this.ask(variables, false), operation.isMutation);
    } catch (error) {
      if (!(error instanceof NoAnswer)) throw error;
      return withoutAnswer(error.message, operation.isMutation && error.mayHaveRun);
    }
  }

  async #pauseIsOver(): Promise<void> {
    const { stop } = this.#options;
    for (let ms = this.#leftMs(); ms > 0 && stop.reason === undefined; ms = this.#leftMs())
      await stop.sleep(ms);
  }

  #leftMs(): number {
    return this.#pausedUntil - performance.now();
  }

  /** Waits with this row if the row may be the cause, else with all rows. */
  async #tryAgain({ tryAgainMs, why, failed }: Again): Promise<void> {
    const { stop } = this.#options;
    const now = performance.now();
    this.waitingFor = why;
    if (now - this.#lastEndAt > GIVE_UP_MS)
      stop.because(`No row has ended for ${durationText(GIVE_UP_MS)}. The last problem: ${why}`);
    if (failed) await stop.sleep(tryAgainMs);
    else this.#pausedUntil = Math.max(this.#pausedUntil, now + tryAgainMs);
  }
}
