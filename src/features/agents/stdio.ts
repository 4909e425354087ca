import { Transform } from 'node:stream';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { ProtocolError, ProtocolErrorCode } from '@modelcontextprotocol/server';
import { StdioServerTransport, serveStdio } from '@modelcontextprotocol/server/stdio';
import type { AdapterParts } from '../../http/adapter.ts';
import { FetchRequest } from '../../http/http-request.ts';
import { requestIdFor } from '../../http/response.ts';
import { CLIENT_LEFT } from '../../observability/request-record.ts';
import type { Agents, InRequest } from './agents.ts';

/** Calls of one client that are answered at the same time. */
const MAX_CALLS = 32;

/**
 * Serves a client at the process's own stdin and stdout, for the caller with this credential. Each message stands for a request.
 * The next message is read once there are fewer than `MAX_CALLS` calls and the client has read the answers before.
 */
export function serveAtStdin(
  { createServer }: Agents,
  authorization: string,
  { tracker, maxBodyBytes: maxBufferSize }: AdapterParts,
  address: URL,
): void {
  const { stdout } = process;
  let calls = 0;
  let goOn = () => {};
  const isBusy = () => calls >= MAX_CALLS || stdout.writableNeedDrain;
  const untilFree = async () => {
    while (isBusy())
      await new Promise<void>((resolve) => {
        goOn = resolve;
      });
  };
  stdout.on('drain', () => goOn());

  const inRequest: InRequest = (headers, signal, answer) => {
    calls += 1;
    const request = new Request(address, { method: 'POST', headers: { ...headers, authorization }, signal });
    const record = tracker.begin(new FetchRequest(request, address), requestIdFor(undefined));
    return answer(record).finally(() => {
      calls -= 1;
      tracker.end(record, signal.aborted ? CLIENT_LEFT : 200);
      goOn();
    });
  };
  // Each answer that waits for the client has a listener: no leak.
  stdout.setMaxListeners(0);
  const transport = new PacedTransport(maxBufferSize, untilFree);
  const message = `This is no message, or a batch, or has more than ${maxBufferSize} bytes. Send one message by each line.`;
  const refusal = { jsonrpc: '2.0', id: null, error: { code: ProtocolErrorCode.InvalidRequest, message } };
  // The library says nothing of these itself, and after a message that is too large it closes the transport.
  const onerror = (error: Error) =>
    error instanceof ProtocolError || transport.send(refusal as never).catch(() => undefined);
  serveStdio(() => createServer(inRequest), { transport, onerror });
}

/** The library's transport over stdin and stdout, which gets a line at a time. Stdin ends with it. */
class PacedTransport extends StdioServerTransport {
  readonly #lines: Transform;

  constructor(maxBufferSize: number, untilFree: () => Promise<void>) {
    const lines = createPacedLines(untilFree);
    super(lines, process.stdout, { maxBufferSize });
    this.#lines = lines;
  }

  override async start(): Promise<void> {
    await super.start();
    process.stdin.on('error', (error) => this.#lines.destroy(error)).pipe(this.#lines);
  }

  override async close(): Promise<void> {
    await super.close();
    process.stdin.destroy();
  }
}

const LINE_BREAK = 0x0a;

/** Passes on a line, or the part of a line that has arrived, whenever `untilFree` says so. */
function createPacedLines(untilFree: () => Promise<void>): Transform {
  return new Transform({
    async transform(chunk: Buffer, _encoding, done) {
      for (let start = 0; start < chunk.length; ) {
        const end = chunk.indexOf(LINE_BREAK, start) + 1 || chunk.length;
        await untilFree();
        this.push(chunk.subarray(start, end));
        start = end;
        // A call counts from the turn on in which it begins.
        await nextTurn();
      }
      done();
    },
  });
}
