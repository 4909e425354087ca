import { writeSync } from 'node:fs';

interface LogOutputOptions {
  /** Takes as many bytes as there is room for, and gives their number. @throws what the system says when there is none. */
  readonly write: (bytes: Uint8Array) => number;
  /** Called once lines can be written again after some were lost. It may write a line of its own. */
  readonly onLoss: (lines: number) => void;
  /** How much may wait to be written. */
  readonly maxBytes?: number;
  readonly maxLines?: number;
}

/** Where the lines of a log go. Whatever becomes of them, who writes one never waits. */
export type LogOutput = ReturnType<typeof createLogOutput>;

const FIRST_RETRY_MS = 10;
const LAST_RETRY_MS = 1_000;
/** How long `drain` leaves a reader in peace. */
const NAP_MS = 5;

/**
 * Gathers the lines of one turn of the event loop and writes them at its end. Lines that cannot be written, as nobody reads or
 * the disk is full, wait until they can; those that find no room to wait in are lost, and counted.
 */
export function createLogOutput(options: LogOutputOptions) {
  const { write, onLoss, maxBytes = 1024 * 1024, maxLines = 10_000 } = options;
  let lines: string[] = [];
  /** The bytes of the lines, and of the rest below. */
  let waitingBytes = 0;
  /** The bytes that are being written. */
  let rest: Uint8Array = NOTHING;
  let lost = 0;
  let unreported = 0;
  let isScheduled = false;
  let retryMs = FIRST_RETRY_MS;

  /** @throws as `write` does. */
  const writeRest = () => {
    if (rest.length === 0) {
      rest = Buffer.from(lines.join(''));
      lines = [];
    }
    const written = write(rest);
    if (written === 0) throw NO_ROOM;
    rest = rest.subarray(written);
    waitingBytes -= written;
    retryMs = FIRST_RETRY_MS;
  };
  /** @throws as `write` does. */
  const writeAll = () => {
    while (waitingBytes > 0) writeRest();
    if (unreported === 0) return;
    const lines = unreported;
    unreported = 0;
    onLoss(lines);
  };
  const attempt = () => {
    isScheduled = false;
    try {
      writeAll();
    } catch {
      isScheduled = true;
      // An end of the process need not wait for it: what ends the process drains.
      setTimeout(attempt, retryMs).unref();
      retryMs = Math.min(2 * retryMs, LAST_RETRY_MS);
    }
  };

  return {
    /** How many lines found no room to wait in. */
    get lost(): number {
      return lost;
    },
    write(line: string): void {
      const bytes = Buffer.byteLength(line);
      if (waitingBytes + bytes > maxBytes || lines.length >= maxLines) {
        lost++;
        unreported++;
        return;
      }
      lines.push(line);
      waitingBytes += bytes;
      if (isScheduled) return;
      isScheduled = true;
      setImmediate(attempt);
    },
    /** Writes what waits, for at most so long: for a process that ends. */
    drain(withinMs: number): void {
      const deadline = performance.now() + withinMs;
      while (waitingBytes > 0 || unreported > 0) {
        try {
          writeAll();
        } catch (error) {
          if ((error as NodeJS.ErrnoException).code !== 'EAGAIN' || performance.now() >= deadline) return;
          Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, NAP_MS);
        }
      }
    },
  };
}

const NOTHING = new Uint8Array(0);
const NO_ROOM = Object.assign(new Error('nothing was written'), { code: 'EAGAIN' });

/** How long the last lines of a process may take: whoever stops it waits, and may kill it instead. */
const LAST_LINES_MS = 200;

/** Standard output, or stderr: lines of JSON, or easy to read on a terminal where `pino-pretty` is installed. */
export async function openStdout(onLoss: LogOutputOptions['onLoss'], fd: 1 | 2 = 1): Promise<LogOutput> {
  // To look at it makes a pipe non-blocking: a write to a full one then says EAGAIN, instead of waiting for a reader.
  const { isTTY } = fd === 1 ? process.stdout : process.stderr;
  const output = createLogOutput({ write: (bytes) => writeSync(fd, bytes), onLoss });
  // The last line matters most when a process breaks down.
  process.on('exit', () => output.drain(LAST_LINES_MS));
  const pretty = isTTY ? await loadPretty() : undefined;
  if (!pretty) return output;
  const prettify = pretty.prettyFactory({
    singleLine: true,
    ignore: 'pid,hostname',
    translateTime: 'HH:MM:ss',
  });
  return {
    get lost() {
      return output.lost;
    },
    write: (line) => output.write(prettify(line) ?? ''),
    drain: output.drain,
  };
}

/** Undefined: it is not installed. A line of JSON can be read as well. */
async function loadPretty() {
  try {
    return await import('pino-pretty');
  } catch {
    return undefined;
  }
}
