import { ProtocolError, ProtocolErrorCode } from '@modelcontextprotocol/server';
import { StdioServerTransport, serveStdio } from '@modelcontextprotocol/server/stdio';
import type { Door } from '../../http/doors.ts';
import { fetchRequest } from '../../http/http-request.ts';
import { requestIdFor } from '../../http/response.ts';
import { CLIENT_LEFT } from '../../observability/request-record.ts';
import type { Agents, InRequest } from './agents.ts';

/** Serves the program that started this process. Each message counts as a request. */
export function serveAtStdin(
  { createServer }: Agents,
  authorization: string,
  { tracker, maxBodyBytes: maxBufferSize }: Door,
  address: URL,
): void {
  const { stdin, stdout } = process;
  const inRequest: InRequest = (headers, signal, answer) => {
    const request = new Request(address, { method: 'POST', headers: { ...headers, authorization }, signal });
    const record = tracker.begin(fetchRequest(request, address), requestIdFor(undefined));
    return answer(record).finally(() => tracker.end(record, signal.aborted ? CLIENT_LEFT : 200));
  };
  // One listener for each waiting answer is no leak.
  stdout.setMaxListeners(0);
  const transport = new StdioServerTransport(stdin, stdout, { maxBufferSize });
  const message = `This is not a message, or it is a batch, or it has more than ${maxBufferSize} bytes. Send one message per line.`;
  const refusal = { jsonrpc: '2.0', id: null, error: { code: ProtocolErrorCode.InvalidRequest, message } };
  // The library does not report these errors, and closes the transport after a message that is too large.
  const onerror = (error: Error) =>
    error instanceof ProtocolError || transport.send(refusal as never).catch(() => undefined);
  serveStdio(() => createServer(inRequest), { transport, onerror });
  const { onclose } = transport;
  transport.onclose = () => {
    onclose?.();
    // What is left of the message cannot be told from the next one, so the process ends.
    stdin.destroy();
  };
}
