import type { IncomingMessage, ServerResponse } from 'node:http';

/**
 * Ends a response that waits behind another one on its connection when the client leaves. node:http tells only the one
 * whose turn it is; the others would go on for nobody, and never be heard of again.
 */
export function endWithSocket({ socket }: IncomingMessage, response: ServerResponse): void {
  const isWaiting = () => response.socket === null && !response.writableFinished;
  if (!isWaiting()) return;
  const onClose = () => {
    if (!isWaiting()) return;
    response.destroy();
    response.emit('close');
  };
  // As many as the client has sent: no leak.
  socket.setMaxListeners(0);
  socket.once('close', onClose);
  response.once('close', () => socket.off('close', onClose));
}
