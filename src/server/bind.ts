import type { Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { serverUrl } from '../http/address.ts';
import { StartError } from '../observability/start-error.ts';

interface Address {
  readonly host: string;
  readonly port: number;
  readonly names: string;
}

/** @returns the URL. @throws StartError with the reason and advice */
export async function bind(server: Server, address: Address): Promise<string> {
  const { host, port, names } = address;
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen({ host, port }, resolve);
  }).catch((cause: NodeJS.ErrnoException) => {
    const { code } = cause;
    const reason = code === 'EADDRINUSE' ? ', because a program listens there: stop it, or set' : '. Set';
    throw new StartError(`Cannot listen on ${host}:${port} (${code})${reason} ${names} to a free address.`, {
      cause,
    });
  });
  return serverUrl(host, (server.address() as AddressInfo).port);
}
