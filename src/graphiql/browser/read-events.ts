/** Gives the data of each `next` event of an event stream, and how many bytes have come so far. */
export async function readEvents(
  body: ReadableStream<Uint8Array>,
  onNext: (data: string, bytes: number) => void,
): Promise<void> {
  const reader = body.getReader();
  const decoder = new TextDecoder();
  let text = '';
  let bytes = 0;
  for (let read = await reader.read(); !read.done; read = await reader.read()) {
    bytes += read.value.byteLength;
    text += decoder.decode(read.value, { stream: true });
    const events = text.split('\n\n');
    text = events.pop() ?? '';
    for (const event of events) {
      const data = dataOf(event);
      if (data !== undefined) onNext(data, bytes);
    }
  }
}

function dataOf(event: string): string | undefined {
  const lines = event.split('\n');
  if (!lines.includes('event: next')) return undefined;
  return lines
    .filter((line) => line.startsWith('data: '))
    .map((line) => line.slice('data: '.length))
    .join('\n');
}
