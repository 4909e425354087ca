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

const CHUNK_BYTES = 64 * 1024;

/** Measured on pages of sessions: higher levels take two to four times as long and save less than a tenth of the size. */
const GZIP_LEVEL = 1;
const BROTLI_QUALITY = 4;
/** The compressor's window, 256 kB, bounds its memory. */
const BROTLI_WINDOW_BITS = 18;

/** Compresses outside the event loop. An answer that comes while as many as may be are compressed is sent uncompressed. */
export function createCompress(): Compress {
  let running = 0;
  const run = async (text: string, encoding: Encoding) => {
    running += 1;
    try {
      return { encoding, bytes: await compressors[encoding](Buffer.from(text)) };
    } catch {
      // The answer can still be sent uncompressed.
      return undefined;
    } finally {
      running -= 1;
    }
  };
  return (text, result, record) => {
    if (running === MAX_RUNNING || text.length < LEAST_LENGTH || !keepsSecrets(result, record))
      return undefined;
    const encoding = negotiateEncoding(record.request.header('accept-encoding'));
    return encoding && run(text, encoding);
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
