/**
 * Sends messages several at a time: all of one turn of the event loop, in their order. Writing to the other process costs
 * more than the messages themselves.
 */
export function createOutbox<Message>(
  write: (messages: readonly Message[]) => void,
): (message: Message) => void {
  let waiting: Message[] = [];
  const flush = () => {
    const messages = waiting;
    waiting = [];
    write(messages);
  };
  return (message) => {
    if (waiting.push(message) === 1) setImmediate(flush);
  };
}
