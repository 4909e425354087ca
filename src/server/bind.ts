import type { Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { serverUrl } from '../http/address.ts';
import { StartError } from '../observability/start-error.ts';
import { readStream } from '../transport/body.ts';

interface Address {
  readonly host: string;
  readonly port: number;
  readonly names: string;
  /** Whether each worker has its own port. */
  readonly exclusive?: boolean;
}

/** @returns the URL. @throws StartError with the reason and advice */
export async function bind(server: Server, address: Address): Promise<string> {
  const { host, port, exclusive } = address;
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen({ host, port, exclusive }, resolve);
  }).catch(async (cause) => {
    throw await cannotListen(address, cause);
  });
  return serverUrl(host, (server.address() as AddressInfo).port);
}

/** How long the start waits for an answer of whatever listens there. */
const ANSWER_WITHIN_MS = 5_000;
const MAX_BYTES = 1_000;
/** The answers of gateways at /health, on their own port and on the metrics port. */
const ANSWERS = /^(?:\{"status":"\w+"\}|There is nothing here but GET \/metrics\.\n)$/;

async function cannotListen({ host, port, names }: Address, cause: unknown): Promise<StartError> {
  const { code } = cause as NodeJS.ErrnoException;
  const where = `Cannot listen on ${host}:${port} (${code})`;
  const isGatewayThere =
    code === 'EADDRINUSE' && (await isGateway(new URL('/health', serverUrl(host, port))));
  const message = isGatewayThere
    ? `${where}: another gateway already listens there. Stop it, or set ${names} to a free address.`
    : `${where}. Set ${names} to a free address.`;
  return new StartError(message, { cause });
}

async function isGateway(health: URL): Promise<boolean> {
  try {
    const signal = AbortSignal.timeout(ANSWER_WITHIN_MS);
    const { body } = await fetch(health, { redirect: 'manual', signal });
    return ANSWERS.test((await readStream(body ?? [], MAX_BYTES))?.toString('utf8') ?? '');
  } catch {
    return false;
  }
}
