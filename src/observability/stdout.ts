import { type DestinationStream, destination } from 'pino';

/** Standard output: lines of JSON, or made easy to read for whoever looks at a terminal. */
export async function openStdout(isTerminal: boolean): Promise<DestinationStream> {
  // Written at once: what was logged last matters most when a process breaks down.
  if (!isTerminal) return destination({ dest: 1, sync: true });
  // Loaded here: a process without a terminal does without it.
  const { default: pretty } = await import('pino-pretty');
  return pretty({ sync: true, singleLine: true, ignore: 'pid,hostname', translateTime: 'HH:MM:ss' });
}
