/** A result as a client sees it. */
export interface Result<Data> {
  readonly data?: Data | null;
  readonly errors?: readonly { readonly message: string; readonly extensions?: { readonly code?: string } }[];
}

/** A subscription may take so long: guests come every 4 s, and the gateway polls every 2 to 30 s. */
const PATIENCE_MS = 60_000;

/** Lines end as the router likes. */
const END = /\r?\n\r?\n/;

/** Subscribes by server-sent events, as a client of a router does. Leaving the loop ends the subscription. */
export async function* subscribe<Data>(
  url: string,
  query: string,
  headers: Record<string, string>,
): AsyncGenerator<Result<Data>, undefined> {
  const controller = new AbortController();
  const timer = setTimeout(
    () => controller.abort(new Error(`The expected event has not come within ${PATIENCE_MS / 1000} s.`)),
    PATIENCE_MS,
  );
  try {
    const response = await fetch(url, {
      method: 'POST',
      headers: {
        'content-type': 'application/json',
        accept: 'text/event-stream',
        ...headers,
      },
      body: JSON.stringify({ query }),
      signal: controller.signal,
    });
    const type = response.headers.get('content-type');
    if (!response.body || !type?.startsWith('text/event-stream'))
      throw new Error(`No event stream, but ${response.status} ${type}: ${await response.text()}`);
    const decoder = new TextDecoder();
    let text = '';
    for await (const chunk of response.body) {
      const messages = (text + decoder.decode(chunk, { stream: true })).split(END);
      text = messages.pop() ?? '';
      for (const message of messages) {
        const data = /^data: ?(.+)$/m.exec(message)?.[1];
        if (data) yield JSON.parse(data) as Result<Data>;
      }
    }
    return undefined;
  } finally {
    clearTimeout(timer);
    controller.abort();
  }
}
