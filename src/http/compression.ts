import { promisify } from 'node:util';
import { brotliCompress, constants, gzip } from 'node:zlib';
import type { ExecutionResult } from 'graphql';
import type { RequestRecord } from '../observability/request-record.ts';
import { type Encoding, negotiateEncoding } from './negotiation.ts';

/** Compresses the text of an answer. Undefined, at once or later: it is to be sent as it is. */
export type Compress = (
  text: string,
  result: ExecutionResult,
  record: RequestRecord,
) => Promise<{ readonly encoding: Encoding; readonly bytes: Buffer } | undefined> | undefined;

/** A shorter answer is one packet either way. */
const LEAST_LENGTH = 1024;
/** One of libuv's four threads is left to look up names. */
const MAX_RUNNING = 3;
/** How much text may wait for its turn. */
const MAX_WAITING = 16 * 1024 * 1024;

const CHUNK_BYTES = 64 * 1024;

/** Measured on pages of sessions: the levels above take two to four times as long for less than a tenth of the size. */
const GZIP_LEVEL = 1;
const BROTLI_QUALITY = 4;
/** 256 kB, which bounds what a compressor takes of memory. */
const BROTLI_WINDOW_BITS = 18;

/**
 * Compresses answers past the event loop, a few at a time. An answer that would wait too long is sent as it is, so neither time nor
 * memory grows with the load.
 */
export function createCompress(): Compress {
  let running = 0;
  let waitingLength = 0;
  const waiting: (() => void)[] = [];
  const turn = async (length: number): Promise<void> => {
    if (running < MAX_RUNNING) {
      running++;
      return;
    }
    waitingLength += length;
    // One that ends gives its permit on.
    await new Promise<void>((resolve) => waiting.push(resolve));
    waitingLength -= length;
  };
  const endTurn = () => {
    const next = waiting.shift();
    if (next) next();
    else running--;
  };
  const run = async (text: string, encoding: Encoding, record: RequestRecord) => {
    await turn(text.length);
    try {
      if (record.request.signal.aborted) return undefined;
      return { encoding, bytes: await compressors[encoding](Buffer.from(text)) };
    } catch {
      // It can still be sent as it is.
      return undefined;
    } finally {
      endTurn();
    }
  };
  return (text, result, record) => {
    if (text.length < LEAST_LENGTH || !keepsSecrets(result, record)) return undefined;
    const encoding = negotiateEncoding(record.request.header('accept-encoding'));
    const isFull = running === MAX_RUNNING && waitingLength + text.length > MAX_WAITING;
    return encoding === undefined || isFull ? undefined : run(text, encoding, record);
  };
}

/**
 * Whether the length of the compressed answer gives no secret in it away (BREACH). For that an attacker has to choose
 * a part of the answer, again and again, beside a secret of somebody else's.
 *
 * No web page can: keys travel in headers that a page must set itself, and without a preflight it gets a refusal that
 * holds nothing of anybody. A server may put what a visitor has typed into an operation of its own, though. An error can
 * quote it, and a mutation's answer can hold it, or what a script's client has replied; those are not compressed. An
 * answer to a query repeats nothing else but the ids of what was found and the names that its document gives to fields, which
 * are chosen by who may read all of it.
 */
function keepsSecrets({ errors }: ExecutionResult, { operation }: RequestRecord): boolean {
  return operation?.type === 'query' && errors === undefined;
}

const compressors: Readonly<Record<Encoding, (bytes: Buffer) => Promise<Buffer>>> = {
  gzip: (bytes) => promisify(gzip)(bytes, { level: GZIP_LEVEL, chunkSize: CHUNK_BYTES }),
  br: (bytes) =>
    promisify(brotliCompress)(bytes, {
      chunkSize: CHUNK_BYTES,
      params: {
        [constants.BROTLI_PARAM_QUALITY]: BROTLI_QUALITY,
        [constants.BROTLI_PARAM_LGWIN]: BROTLI_WINDOW_BITS,
        [constants.BROTLI_PARAM_SIZE_HINT]: bytes.length,
      },
    }),
};
