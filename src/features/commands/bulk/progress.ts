import { escapeUnsafe } from '../../../cli/terminal.ts';
import { ROW_STATUSES, type RowStatus } from './row-result.ts';

interface Standing {
  /** Rows that this run has sent and finished. */
  readonly sent: number;
  readonly counts: Readonly<Record<RowStatus, number>>;
  /** The finished part of the input, from 0 to 1. Undefined if its size is unknown. */
  readonly share: number | undefined;
  /** The part that was finished when this run began to send. */
  readonly shareBefore: number;
  readonly elapsedMs: number;
  readonly waitingFor: string | undefined;
}

const EVERY_MS = 500;

export function showProgress(standing: () => Standing) {
  const { stderr } = process;
  if (!stderr.isTTY) return { clear: () => undefined, stop: () => undefined };
  const clear = () => void stderr.write('\r\u001b[K');
  const timer = setInterval(() => {
    clear();
    stderr.write(escapeUnsafe(progressLine(standing())).slice(0, (stderr.columns ?? 80) - 1));
  }, EVERY_MS);
  return {
    clear,
    stop() {
      clearInterval(timer);
      clear();
    },
  };
}

function progressLine({ sent, counts, share, shareBefore, elapsedMs, waitingFor }: Standing): string {
  const perSecond = `${(sent / Math.max(elapsedMs / 1_000, 0.001)).toFixed(1)} a second`;
  const own = (share ?? 0) - shareBefore;
  const left =
    share === undefined || own <= 0
      ? []
      : [`${Math.floor(share * 100)} %`, `${durationText((elapsedMs * (1 - share)) / own)} left`];
  const waits = waitingFor === undefined ? [] : [`waiting: ${waitingFor}`];
  return [countsText(counts), perSecond, ...left, ...waits].join(', ');
}

/** For example `10,000 rows: 9,998 OK, 2 REFUSED`. */
export function countsText(counts: Readonly<Record<RowStatus, number>>): string {
  const all = ROW_STATUSES.reduce((sum, status) => sum + counts[status], 0);
  const parts = ROW_STATUSES.filter((status) => counts[status] > 0).map(
    (status) => `${counts[status].toLocaleString('en')} ${status}`,
  );
  const rows = `${all.toLocaleString('en')} ${all === 1 ? 'row' : 'rows'}`;
  return parts.length === 0 ? rows : `${rows}: ${parts.join(', ')}`;
}

/** For example `3 min 20 s`. */
export function durationText(ms: number): string {
  const seconds = Math.ceil(ms / 1_000);
  const [hours, minutes] = [Math.floor(seconds / 3_600), Math.floor((seconds % 3_600) / 60)];
  if (hours > 0) return `${hours} h ${minutes} min`;
  return minutes > 0 ? `${minutes} min ${seconds % 60} s` : `${seconds} s`;
}
