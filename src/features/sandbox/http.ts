import { isUtf8 } from 'node:buffer';
import type { IncomingMessage, ServerResponse } from 'node:http';

export interface Body {
  text: string;
  value: unknown;
  /** Set if the body is not JSON or is too large. */
  problem?: { message: string; errors: string[] };
}

const maxBytes = 16 * 1024 * 1024;

/** Calls `done` when the whole body has arrived. Does nothing if the sender leaves. */
export function readBody(request: IncomingMessage, done: (body: Body) => void): void {
  const { 'content-length': length, 'transfer-encoding': encoding } = request.headers;
  if (encoding === undefined && (length === undefined || length === '0')) {
    done({ text: '', value: undefined });
    return;
  }
  const chunks: Buffer[] = [];
  let bytes = 0;
  request.on('data', (chunk: Buffer) => {
    bytes += chunk.length;
    // Reads and drops the rest: a sender that is still writing would miss an early answer.
    if (bytes > maxBytes) chunks.length = 0;
    else chunks.push(chunk);
  });
  request.on('end', () => done(bytes > maxBytes ? tooLarge : parse(Buffer.concat(chunks))));
  request.on('error', () => {});
}

const tooLarge: Body = {
  text: '',
  value: undefined,
  problem: { message: 'is too large', errors: [`more than ${maxBytes} bytes`] },
};

function parse(bytes: Buffer): Body {
  const text = bytes.toString();
  if (text === '') return { text, value: undefined };
  const notJson = (error: string) => ({ message: 'is not valid JSON', errors: [error] });
  if (!isUtf8(bytes)) return { text, value: undefined, problem: notJson('not UTF-8') };
  try {
    return { text, value: JSON.parse(text) };
  } catch (error) {
    return { text, value: undefined, problem: notJson((error as SyntaxError).message) };
  }
}

/** Writes JSON with bigints as exact numbers. Undefined if the value is nested too deep for the stack. */
export function toJson(value: unknown): string | undefined {
  try {
    return JSON.stringify(value);
  } catch (error) {
    if (error instanceof RangeError) return undefined;
    // Only a bigint leads here. A replacer for every answer would be slower.
    const marked = JSON.stringify(value, (_name, member) =>
      typeof member === 'bigint' ? `\0${member}\0` : member,
    );
    return marked.replace(/"\\u0000(-?\d+)\\u0000"/g, '$1');
  }
}

export type SetTimer = (delayMs: number, action: () => void) => () => void;

/** Runs an action after `ms`, unless the connection closes first. */
export type Wait = (response: ServerResponse, ms: number, run: () => void) => void;

export function createWait(setTimer: SetTimer): Wait {
  return (response, ms, run) => {
    if (ms > 0) response.once('close', setTimer(ms, run));
    else run();
  };
}

export const realTimer: SetTimer = (delayMs, action) => {
  const timer = setTimeout(action, delayMs);
  return () => clearTimeout(timer);
};
