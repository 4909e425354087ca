import { ROW_STATUSES, type RowStatus } from './row-result.ts';

/** Where a run stands. */
interface Standing {
  /** Rows that were sent by this run and have their result. */
  readonly sent: number;
  readonly counts: Readonly<Record<RowStatus, number>>;
  /** The part of the input that is done, from 0 to 1; undefined: its size is not known. */
  readonly share: number | undefined;
  /** The part that was done when this run began to send. */
  readonly shareBefore: number;
  readonly elapsedMs: number;
  /** Why nothing is sent right now. */
  readonly waitingFor: string | undefined;
}

const EVERY_MS = 500;

/** Shows on a terminal where the run stands, in one line that changes. */
export function showProgress(standing: () => Standing) {
  const { stderr } = process;
  if (!stderr.isTTY) return { clear: () => undefined, stop: () => undefined };
  const clear = () => void stderr.write('\r\u001b[K');
  const timer = setInterval(() => {
    clear();
    stderr.write(progressLine(standing()).slice(0, (stderr.columns ?? 80) - 1));
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

/** Such as `10,000 rows: 9,998 OK, 2 REFUSED`. */
export function countsText(counts: Readonly<Record<RowStatus, number>>): string {
  const all = ROW_STATUSES.reduce((sum, status) => sum + counts[status], 0);
  const parts = ROW_STATUSES.filter((status) => counts[status] > 0).map(
    (status) => `${counts[status].toLocaleString('en')} ${status}`,
  );
  const rows = `${all.toLocaleString('en')} ${all === 1 ? 'row' : 'rows'}`;
  return parts.length === 0 ? rows : `${rows}: ${parts.join(', ')}`;
}

/** Such as `3 min 20 s`. */
export function durationText(ms: number): string {
  const seconds = Math.ceil(ms / 1_000);
  const [hours, minutes] = [Math.floor(seconds / 3_600), Math.floor((seconds % 3_600) / 60)];
  if (hours > 0) return `${hours} h ${minutes} min`;
  return minutes > 0 ? `${minutes} min ${seconds % 60} s` : `${seconds} s`;
}
