/** The used part of a socket of `ws`. The published types must not refer to the types of `ws`, which an install lacks. */
export interface Socket {
  readonly bufferedAmount: number;
  readonly readyState: number;
  readonly OPEN: number;
  on(event: 'message', listener: (data: Buffer | ArrayBuffer | Buffer[], isBinary: boolean) => void): unknown;
  on(event: 'ping' | 'pong', listener: (data: Buffer) => void): unknown;
  on(event: 'error' | 'close', listener: () => void): unknown;
  send(data: string, done: () => void): void;
  send(data: Buffer, options: { readonly binary: boolean }, done: (error?: Error) => void): void;
  ping(): void;
  pause(): void;
  resume(): void;
  close(code: number, reason: string): void;
  terminate(): void;
}

/** The most characters that may wait for a slow client, apart from results of operations. */
const MAX_WAITING = 1024 * 1024;

export type SocketSender = ReturnType<typeof createSender>;

export function createSender(socket: Socket) {
  let waiting = 0;
  return {
    /** Sends a message of an operation. Resolves when the system has taken the message, or the connection is closed. */
    send(text: string): Promise<unknown> {
      let taken: (error?: Error) => void = () => undefined;
      const sent = new Promise<unknown>((resolve) => {
        taken = resolve;
      });
      // As bytes and without a closure, so that waiting messages stay outside V8's heap.
      socket.send(Buffer.from(text), { binary: false }, taken);
      return sent;
    },
    /** Sends a message that belongs to no operation. */
    reply(text: string): void {
      waiting += text.length;
      if (waiting > MAX_WAITING) socket.terminate();
      else
        socket.send(text, () => {
          waiting -= text.length;
        });
    },
  };
}
