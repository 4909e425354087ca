import { promisify } from 'node:util';
import { brotliCompress, constants, gzip } from 'node:zlib';
import type { ExecutionResult } from 'graphql';
import { type Encoding, negotiateEncoding } from '../../http/negotiation.ts';
import type { Compress } from '../../http/respond.ts';
import type { RequestRecord } from '../../observability/request-record.ts';

/** A shorter answer fits into one packet anyway. */
const LEAST_LENGTH = 1024;
/** Leaves one of libuv's four threads for looking up names. */
const MAX_RUNNING = 3;
/** The most characters that may wait for compression. */
const MAX_WAITING = 16 * 1024 * 1024;

const CHUNK_BYTES = 64 * 1024;

/** Measured on pages of sessions: higher levels take two to four times as long and save less than a tenth of the size. */
const GZIP_LEVEL = 1;
const BROTLI_QUALITY = 4;
/** The compressor's window, 256 kB, bounds its memory. */
const BROTLI_WINDOW_BITS = 18;

/** Compresses outside the event loop, a few answers at a time. An answer that would wait too long is sent uncompressed. */
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
    // The previous compression passes its permit on.
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
      // The answer can still be sent uncompressed.
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
 * Whether the length of the compressed answer reveals no secret in it (BREACH). For this attack, an attacker must choose
 * part of the answer repeatedly, next to another person's secret.
 *
 * A web page cannot do this: it must set the header with the key itself, and without a preflight it gets a refusal without
 * data. But a server may put a visitor's input into its own operation. An error can quote the input, and a mutation's
 * answer can contain it, so these answers are not compressed. An answer to a query repeats only ids of found objects and
 * response keys of the document.
 */
function keepsSecrets({ errors }: ExecutionResult, { operation }: RequestRecord): boolean {
  return operation?.type === 'query' && errors === undefined;
}

const compressors: Readonly<Record<Encoding, (bytes: Buffer) => Promise<NonSharedBuffer>>> = {
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
