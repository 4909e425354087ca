import { writeSync } from 'node:fs';

interface LogOutputOptions {
  /** Writes as many bytes as possible and returns their number. @throws the system's error if it can write none */
  readonly write: (bytes: Uint8Array) => number;
  /** Called when lines can be written again after a loss. It may write a line. */
  readonly onLoss: (lines: number) => void;
}

/** The destination of log lines. Writing never blocks. */
export type LogOutput = ReturnType<typeof createLogOutput>;

/** Of lines that wait. Further lines are dropped. */
export const MAX_WAITING_BYTES = 1024 * 1024;
const RETRY_MS = 100;
/** The pause of `drain` between attempts. */
const NAP_MS = 5;

/**
 * Writes the lines of a tick at its end. Lines wait while they cannot be written, for example on a
 * full disk. Lines beyond the limit are counted.
 */
export function createLogOutput({ write, onLoss }: LogOutputOptions) {
  let lines: string[] = [];
  let waitingBytes = 0;
  let rest: Uint8Array = NOTHING;
  let lost = 0;
  let unreported = 0;
  let isScheduled = false;

  /** @throws the error of `write` */
  const writeAll = () => {
    while (waitingBytes > 0) {
      if (rest.length === 0) {
        rest = Buffer.from(lines.join(''));
        lines = [];
      }
      const written = write(rest);
      if (written === 0) throw NO_ROOM;
      rest = rest.subarray(written);
      waitingBytes -= written;
    }
    if (unreported === 0) return;
    const count = unreported;
    unreported = 0;
    onLoss(count);
  };
  const attempt = () => {
    isScheduled = false;
    try {
      writeAll();
    } catch {
      isScheduled = true;
      // The timer does not keep the process alive, because the output is drained at its end.
      setTimeout(attempt, RETRY_MS).unref();
    }
  };

  return {
    get lost(): number {
      return lost;
    },
    write(line: string): void {
      const bytes = Buffer.byteLength(line);
      if (waitingBytes + bytes > MAX_WAITING_BYTES) {
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
    /** Writes the waiting lines for at most this long. For a process that ends. */
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

/** How long the last lines of a process may take. A supervisor waits for the end, and may kill the process. */
const LAST_LINES_MS = 200;

/** Opens stdout or stderr. */
export function openStdout(onLoss: LogOutputOptions['onLoss'], fd: 1 | 2 = 1): LogOutput {
  // Reading isTTY makes a pipe non-blocking: a write to a full pipe then fails with EAGAIN instead of waiting.
  void (fd === 1 ? process.stdout : process.stderr).isTTY;
  const output = createLogOutput({ write: (bytes) => writeSync(fd, bytes), onLoss });
  // When a process crashes, its last line matters most.
  process.on('exit', () => output.drain(LAST_LINES_MS));
  return output;
}
