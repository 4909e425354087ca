import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import { type BenchRequest, oneScript } from '../cases.ts';
import { number, table } from '../figures.ts';
import { withSampler } from '../garbage/survivors.ts';
import { freePort } from '../process.ts';
import { serve } from '../serve.ts';
import { floor, gateway, mercurius, type Subject } from '../subjects.ts';
import { startHolder } from './holder.ts';

export interface WaitingOptions {
  readonly print: (text: string) => void;
  readonly onProgress: (line: string) => void;
  /** A folder for heap snapshots of the gateway, without and with operations that wait; undefined: none. */
  readonly snapshots: string | undefined;
}

interface Held {
  /** The memory of a connection without a request, in bytes. */
  readonly idle: number;
  /** The memory of an operation that waits for the REST API, besides its connection. */
  readonly waiting: number;
}

const COUNTS = [1_024, 4_096];
const SUBJECTS = [floor, gateway, mercurius];
/** How many operations come before, so that what is made once is made. */
const WARM_UP = 3_000;
/** The heap is looked at so often until so many times in a row it has changed by no more than this part. */
const SETTLE_MS = 1_000;
const SETTLED_AFTER = 3;
const SETTLED_BY = 0.002;
/** How much more than the floor's an operation may keep, in kB. */
const MOST_OVER_FLOOR_KB = 8;

/** Measures the heap of connections that are idle, and of operations that wait. It counts bytes, so other load does not matter. */
export async function runWaiting({ print, onProgress, snapshots }: WaitingOptions): Promise<void> {
  const rows: string[][] = [];
  for (const count of COUNTS) {
    let beside: Held | undefined;
    for (const subject of SUBJECTS) {
      onProgress(`${subject.name}, ${number(count)} connections`);
      const held = await measureHeld(subject, count, subject === gateway ? snapshots : undefined);
      beside ??= held;
      const over = (held.waiting - beside.waiting) / 1_000;
      rows.push([
        subject.name,
        number(count),
        number(held.idle / 1_000, 1),
        number(held.waiting / 1_000, 1),
        subject === floor ? '' : number(over, 1),
        subject === gateway ? (over <= MOST_OVER_FLOOR_KB ? 'yes' : 'no') : '',
      ]);
    }
  }
  print(
    table(
      [
        'subject',
        'connections',
        'kB of an idle connection',
        'kB of a waiting operation',
        "over the floor's",
        `at most ${MOST_OVER_FLOOR_KB}`,
      ],
      rows,
    ),
  );
}

async function measureHeld(subject: Subject, count: number, snapshots: string | undefined): Promise<Held> {
  const { requests } = oneScript();
  const samplerPort = await freePort();
  const holder = await startHolder();
  const upstream = { ...holder, countRequests: async () => 0, stop: async () => undefined };
  const served = await serve(withSampler(subject, samplerPort), upstream, requests[0] as BenchRequest);
  const sockets: Socket[] = [];
  const heap = async (): Promise<number> => {
    const response = await fetch(`http://127.0.0.1:${samplerPort}/heap`);
    return Number(await response.text());
  };
  const snapshot = async (name: string) => {
    if (snapshots)
      await fetch(`http://127.0.0.1:${samplerPort}/snapshot?${snapshots}/${count}-${name}.heapsnapshot`);
  };
  try {
    const { port } = new URL(served.url);
    const [first] = await open(Number(port), 1);
    for (let index = 0; index < WARM_UP; index++) {
      const answered = once(first as Socket, 'data');
      (first as Socket).write(head(requests[index % requests.length] as BenchRequest));
      await answered;
    }
    const before = await heap();
    sockets.push(first as Socket, ...(await open(Number(port), count)));
    await delay(500);
    const idle = (await heap()) - before;
    holder.hold();
    await snapshot('idle');
    // Another script each, so that no operation shares the call of another.
    for (const [index, socket] of sockets.slice(1).entries())
      socket.write(head(requests[(WARM_UP + index) % requests.length] as BenchRequest));
    const waiting = (await settled(heap)) - before - idle;
    await snapshot('waiting');
    return { idle: idle / count, waiting: waiting / count };
  } finally {
    holder.release();
    for (const socket of sockets) socket.destroy();
    await served.stop();
    holder.stop();
  }
}

/** Waits until the heap grows no more: a busy machine may take long to begin all operations. */
async function settled(heap: () => Promise<number>): Promise<number> {
  let before = 0;
  let sameFor = 0;
  while (sameFor < SETTLED_AFTER) {
    await delay(SETTLE_MS);
    const now = await heap();
    sameFor = Math.abs(now - before) < now * SETTLED_BY ? sameFor + 1 : 0;
    before = now;
  }
  return before;
}

function head({ body }: BenchRequest): string {
  return `POST /graphql HTTP/1.1\r\nhost: 127.0.0.1\r\ncontent-type: application/json\r\ntoken: bench-key\r\ncontent-length: ${Buffer.byteLength(body)}\r\n\r\n${body}`;
}

async function open(port: number, count: number): Promise<Socket[]> {
  const sockets: Socket[] = [];
  for (let index = 0; index < count; index++) {
    const socket = connect(port, '127.0.0.1').on('error', () => undefined);
    sockets.push(socket);
    // All at once would be more than the listener's queue holds.
    if (index % 64 === 63) await once(socket, 'connect');
  }
  await Promise.all(sockets.map((socket) => (socket.connecting ? once(socket, 'connect') : undefined)));
  return sockets;
}
