import { once } from 'node:events';
import { connect } from 'node:net';
import { freePort, startProcess, waitUntil } from './process.ts';
import { createFolder } from './temporary.ts';

export interface Redis {
  readonly url: string;
  readonly pid: number;
  stop(): Promise<void>;
}

/** Starts a Redis of its own on loopback, which writes nothing to disk. */
export async function startRedis(): Promise<Redis> {
  const port = await freePort();
  const folder = createFolder();
  const running = startProcess({
    name: 'redis-server',
    command: 'redis-server',
    args: [
      '--bind',
      '127.0.0.1',
      '--port',
      String(port),
      '--save',
      '',
      '--appendonly',
      'no',
      '--dir',
      folder,
    ],
    env: {},
    cwd: folder,
  });
  await waitUntil(running, () => answersPing(port));
  return { url: `redis://127.0.0.1:${port}`, pid: running.pid, stop: running.stop };
}

async function answersPing(port: number): Promise<boolean> {
  const socket = connect(port, '127.0.0.1');
  try {
    socket.write('PING\r\n');
    const [answer] = await once(socket, 'data');
    return String(answer).startsWith('+PONG');
  } finally {
    socket.destroy();
  }
}
