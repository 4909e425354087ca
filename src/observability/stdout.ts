import { writeSync } from 'node:fs';
import { createLogOutput, type LogOutput, type LogOutputOptions } from './log-output.ts';

/** How long the last lines of a process may take: whoever stops it waits, and may kill it instead. */
const LAST_LINES_MS = 200;

/** Standard output: lines of JSON, or easy to read on a terminal where `pino-pretty` is installed. */
export async function openStdout(onLoss: LogOutputOptions['onLoss']): Promise<LogOutput> {
  // To look at it makes a pipe non-blocking: a write to a full one then says EAGAIN, instead of waiting for a reader.
  const { isTTY } = process.stdout;
  const output = createLogOutput({ write: (bytes) => writeSync(1, bytes), onLoss });
  // What was logged last matters most when a process breaks down.
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
