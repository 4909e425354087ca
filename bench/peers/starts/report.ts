import { spread, table } from '../figures.ts';
import type { Start } from './measure.ts';

/** Starts by subject as a table: the median of each figure, with its range. */
export function reportStarts(rows: readonly (readonly [string, readonly Start[]])[]): string {
  const head = ['subject', 'ms', 'CPU ms', 'longest wait for /health after it, ms'];
  const body = rows.map(([name, starts]) => [
    name,
    ...(['wallMs', 'cpuMs', 'longestWaitMs'] as const).map((figure) =>
      spread(starts.map((start) => start[figure])),
    ),
  ]);
  return ['### start to first right answer', table(head, body)].join('\n\n');
}

/** How long commands take that only print, as a table. */
export function reportCommands(rows: readonly (readonly [string, readonly number[]])[]): string {
  return [
    '### commands',
    table(
      ['command', 'ms'],
      rows.map(([name, ms]) => [name, spread(ms)]),
    ),
  ].join('\n\n');
}
