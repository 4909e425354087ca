import { Transform } from 'node:stream';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { ProtocolError, ProtocolErrorCode } from '@modelcontextprotocol/server';
import { StdioServerTransport, serveStdio } from '@modelcontextprotocol/server/stdio';
import type { AdapterParts } from '../../http/adapter.ts';
import { fetchRequest } from '../../http/http-request.ts';
import { requestIdFor } from '../../http/response.ts';
import { CLIENT_LEFT } from '../../observability/request-record.ts';
import type { Agents, InRequest } from './agents.ts';

/** How many calls of a client run at the same time. */
const MAX_CALLS = 32;

/**
 * Each message counts as a request. Reads the next message when fewer than `MAX_CALLS` calls run and the client has read
 * the earlier answers.
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
    const record = tracker.begin(fetchRequest(request, address), requestIdFor(undefined));
    return answer(record).finally(() => {
      calls -= 1;
      tracker.end(record, signal.aborted ? CLIENT_LEFT : 200);
      goOn();
    });
  };
  // One listener for each waiting answer is no leak.
  stdout.setMaxListeners(0);
  const transport = new PacedTransport(maxBufferSize, untilFree);
  const message = `This is not a message, or it is a batch, or it has more than ${maxBufferSize} bytes. Send one message per line.`;
  const refusal = { jsonrpc: '2.0', id: null, error: { code: ProtocolErrorCode.InvalidRequest, message } };
  // The library does not report these errors, and closes the transport after a message that is too large.
  const onerror = (error: Error) =>
    error instanceof ProtocolError || transport.send(refusal as never).catch(() => undefined);
  serveStdio(() => createServer(inRequest), { transport, onerror });
}

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

/** Passes on a line, or the part that has arrived, whenever `untilFree` resolves. */
function createPacedLines(untilFree: () => Promise<void>): Transform {
  return new Transform({
    async transform(chunk: Buffer, _encoding, done) {
      for (let start = 0; start < chunk.length; ) {
        const end = chunk.indexOf(LINE_BREAK, start) + 1 || chunk.length;
        await untilFree();
        this.push(chunk.subarray(start, end));
        start = end;
        // Waits a turn, because the call of this line counts only from the turn in which it begins.
        await nextTurn();
      }
      done();
    },
  });
}
