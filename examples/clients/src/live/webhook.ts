import { setTimeout as sleep } from 'node:timers/promises';

/** Discord's limit for a message. */
const MAX_LENGTH = 2_000;
/** If more lines than this wait, the oldest are dropped. */
const MAX_LINES = 500;
const TAKES_MS = 10_000;
const RETRY_MS = 5_000;
const LONGEST_WAIT_MS = 600_000;

/** Posts lines as Discord's webhooks take them, as many as fit in a message. Its address is a secret: it is in no text. */
export function createWebhook(address: string, log: (text: string) => void) {
  const waiting: string[] = [];
  let isPosting = false;

  async function postAll(): Promise<void> {
    isPosting = true;
    while (waiting.length > 0) {
      const lines = takeLines(waiting);
      const waitMs = await post(lines.join('\n'));
      if (waitMs === undefined) continue;
      waiting.unshift(...lines);
      await sleep(waitMs);
    }
    isPosting = false;
  }

  /** @returns when to try again, in ms; undefined: there is nothing more to do about it */
  async function post(content: string): Promise<number | undefined> {
    const body = JSON.stringify({ content, allowed_mentions: { parse: [] } });
    const headers = { 'content-type': 'application/json' };
    const signal = AbortSignal.timeout(TAKES_MS);
    try {
      const response = await fetch(address, { method: 'POST', headers, body, signal, redirect: 'error' });
      await response.body?.cancel();
      if (response.ok) return undefined;
      log(`The webhook answers ${response.status}.`);
      if (response.status !== 429 && response.status < 500) return undefined;
      const seconds = Number(response.headers.get('retry-after') ?? Number.NaN);
      return seconds >= 0 ? Math.min(seconds * 1_000, LONGEST_WAIT_MS) : RETRY_MS;
    } catch {
      log('The webhook cannot be reached.');
      return RETRY_MS;
    }
  }

  return (lines: readonly string[]): void => {
    waiting.push(...lines);
    waiting.splice(0, waiting.length - MAX_LINES);
    if (!isPosting) void postAll();
  };
}

/** Takes as many lines as a message can have, and one at the least. */
function takeLines(waiting: string[]): string[] {
  let length = 0;
  const fits = waiting.findIndex((line) => {
    length += line.length + 1;
    return length > MAX_LENGTH;
  });
  return waiting.splice(0, fits === -1 ? waiting.length : Math.max(fits, 1));
}
