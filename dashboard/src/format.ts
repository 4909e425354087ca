const WHOLE = new Intl.NumberFormat('en');
const COMPACT = new Intl.NumberFormat('en', { notation: 'compact', maximumFractionDigits: 1 });
const INSTANT = new Intl.DateTimeFormat(undefined, { dateStyle: 'medium', timeStyle: 'short' });
const TIME = new Intl.DateTimeFormat(undefined, { timeStyle: 'short' });
const CLOCK = new Intl.DateTimeFormat(undefined, { timeStyle: 'medium' });

export const whole = (count: number): string => WHOLE.format(count);
export const compact = (count: number): string => COMPACT.format(count);
export const instant = (iso: string): string => INSTANT.format(new Date(iso));
export const clock = (iso: string): string => CLOCK.format(new Date(iso));
export const timeOfDay = (ms: number): string => TIME.format(ms);
export const count = (number: number, noun: string): string =>
  `${whole(number)} ${noun}${number === 1 ? '' : 's'}`;

/** Names a secret by its last four characters. A short secret shows none. */
export const endOf = (secret: string): string => (secret.length < 12 ? '…' : `…${secret.slice(-4)}`);

const UNITS = [
  ['d', 86_400_000],
  ['h', 3_600_000],
  ['min', 60_000],
  ['s', 1_000],
] as const;

/** A duration by its two largest units: `1 d 4 h`. */
export function duration(ms: number): string {
  let rest = ms;
  const parts = UNITS.flatMap(([unit, unitMs]) => {
    const units = Math.floor(rest / unitMs);
    rest -= units * unitMs;
    return units > 0 ? [`${whole(units)} ${unit}`] : [];
  });
  return parts.slice(0, 2).join(' ') || '0 s';
}
