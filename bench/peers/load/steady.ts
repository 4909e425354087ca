import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { Worker } from 'node:worker_threads';
import type { Pace } from './metronome.ts';

export interface SteadyOptions {
  readonly url: string;
  /** The JSON bodies, sent in turn. */
  readonly bodies: readonly string[];
  /** Operations a second. */
  readonly rate: number;
  readonly seconds: number;
  readonly connections: number;
}

/** The operations of a load, in the order in which they were due. All times are on the clock of `steadyNow`, in ms. */
export interface SteadyResult {
  readonly dueAt: Float64Array;
  /** When the request was written. */
  readonly sentAt: Float64Array;
  /** When the whole answer was there. */
  readonly answeredAt: Float64Array;
}

/**
 * At more operations a second, several are sent at once, so that the load generator leaves the processor to the gateway
 * under test.
 */
const SHORTEST_PERIOD_MS = 0.5;
/** How long answers may take after the last operation was due. */
const PATIENCE_MS = 10_000;

/** A clock that all processes of a machine share, in ms. */
export function steadyNow(): number {
  return Number(process.hrtime.bigint()) / 1e6;
}

/**
 * Sends operations at a steady rate, whatever becomes of them (an open loop). An operation that finds no free connection waits for
 * one. Its latency counts from the moment when it was due, so a subject that stands still cannot hide that no requests came
 * meanwhile (coordinated omission). @throws when an answer fails or does not arrive
 */
export async function loadSteadily(options: SteadyOptions): Promise<SteadyResult> {
  const { url, bodies, rate, seconds, connections } = options;
  const { hostname, port, host, pathname } = new URL(url);
  const requests = bodies.map((body) =>
    Buffer.from(
      `POST ${pathname} HTTP/1.1\r\nhost: ${host}\r\ncontent-type: application/json\r\ntoken: bench-key\r\n` +
        `content-length: ${Buffer.byteLength(body)}\r\n\r\n${body}`,
    ),
  );
  const count = Math.round(rate * seconds);
  const periodMs = Math.max(1_000 / rate, SHORTEST_PERIOD_MS);
  const times = () => new Float64Array(count);
  const result = { dueAt: times(), sentAt: times(), answeredAt: times() };
  let answered = 0;
  let problem: Error | undefined;
  let end: () => void = () => undefined;
  const allAnswered = new Promise<void>((resolve) => {
    end = resolve;
  });
  const fail = (error: Error) => {
    problem ??= error;
    end();
  };
  const free: Line[] = [];
  const waiting: number[] = [];
  const send = (line: Line, index: number) => {
    result.sentAt[index] = steadyNow();
    line.ask(requests[index % requests.length] as Buffer, index);
  };
  const onAnswer = (line: Line, index: number) => {
    result.answeredAt[index] = steadyNow();
    answered += 1;
    if (answered === count) end();
    const next = waiting.shift();
    if (next === undefined) free.push(line);
    else send(line, next);
  };

  for (let opened = 0; opened < connections; opened++)
    free.push(await openLine(hostname, Number(port), onAnswer, fail));
  const lines = [...free];
  const startAt = steadyNow() + 100;
  for (let index = 0; index < count; index++)
    // At the first tick at which it may be due.
    result.dueAt[index] = startAt + Math.ceil((index * 1_000) / rate / periodMs - 1e-6) * periodMs;

  let next = 0;
  const sendDue = () => {
    const now = steadyNow();
    for (; next < count && (result.dueAt[next] as number) <= now; next++) {
      const line = free.shift();
      if (line) send(line, next);
      else waiting.push(next);
    }
  };
  const ticks = Math.ceil((seconds * 1_000) / periodMs) + 1;
  const metronome = new Worker(new URL('./metronome.js', import.meta.url), {
    workerData: { startAt, periodMs, ticks } satisfies Pace,
  });
  metronome.on('message', sendDue).on('error', fail);
  // Sends operations whose tick came a little early.
  metronome.on('exit', () => setTimeout(sendDue, 5));
  const patience = setTimeout(
    () => fail(new Error(`${count - answered} of ${count} answers did not arrive.`)),
    seconds * 1_000 + PATIENCE_MS,
  );
  await allAnswered;
  clearTimeout(patience);
  for (const line of lines) line.close();
  await metronome.terminate();
  if (problem) throw problem;
  return result;
}

interface Line {
  /** Sends a request. Its answer comes with `index`. */
  ask(request: Buffer, index: number): void;
  close(): void;
}

async function openLine(
  host: string,
  port: number,
  onAnswer: (line: Line, index: number) => void,
  onFailure: (error: Error) => void,
): Promise<Line> {
  const socket: Socket = connect({ host, port, noDelay: true });
  let received: Buffer = Buffer.alloc(0);
  let asked = -1;
  let isClosed = false;
  const line: Line = {
    ask(request, index) {
      asked = index;
      socket.write(request);
    },
    close() {
      isClosed = true;
      socket.destroy();
    },
  };
  socket.on('data', (chunk: Buffer) => {
    received = received.length === 0 ? chunk : Buffer.concat([received, chunk]);
    const length = lengthOf(received);
    if (length instanceof Error) onFailure(length);
    else if (length !== undefined && received.length >= length) {
      received = Buffer.alloc(0);
      onAnswer(line, asked);
    }
  });
  socket.on('error', onFailure);
  socket.on('close', () => {
    if (!isClosed) onFailure(new Error('The subject has closed a connection.'));
  });
  await once(socket, 'connect');
  return line;
}

/** The length of a whole answer, head included; undefined: its head is not complete. */
function lengthOf(received: Buffer): number | Error | undefined {
  const end = received.indexOf('\r\n\r\n');
  if (end < 0) return undefined;
  const head = received.toString('latin1', 0, end);
  if (!head.startsWith('HTTP/1.1 200')) return new Error(`An answer was ${head.slice(0, 40)}.`);
  const length = /content-length: *(\d+)/i.exec(head)?.[1];
  return length === undefined ? new Error('An answer has no content-length.') : end + 4 + Number(length);
}
