import type { Difference } from '../../observability/difference.ts';
import type { Finding } from './diagnosis.ts';
import type { FrontReport, Probe, ReadReport } from './probe.ts';

/** With a greater difference of clocks, tokens expire early and pauses end late. */
const MAX_CLOCK_SECONDS = 5;

export function findingsOf({ reads, front, calls }: Probe): readonly Finding[] {
  const clockIsOff = Math.abs(front.clockAheadSeconds ?? 0) > MAX_CLOCK_SECONDS;
  return [
    ...reads.map(findingOf),
    {
      level: clockIsOff ? 'note' : 'ok',
      subject: 'Headers',
      fact: `${calls} calls. ${describe(front)}`,
      ...(clockIsOff && { advice: 'Set the clock of this machine, such as by NTP.' }),
    },
  ];
}

function findingOf(read: ReadReport): Finding {
  const { endpoint, outcome, status, ms, differences, reason } = read;
  const answered = status === undefined ? '' : ` HTTP ${status},`;
  const said = reason === undefined ? '' : `: ${JSON.stringify(reason)}`;
  const facts = {
    'as documented': `${answered} ${ms} ms, as documented.`,
    differs: `${answered} ${ms} ms, ${differences.length === 1 ? '1 member differs' : `${differences.length} members differ`}:`,
    refused: `${answered} ${ms} ms, refused${said}.`,
    failed: `${answered} ${ms} ms, failed${said}.`,
    'not asked': ` not asked: ${reason}.`,
  };
  const finding = { level: levelOf(read), subject: 'Read', fact: `${endpoint}:${facts[outcome]}` } as const;
  return differences.length === 0 ? finding : { ...finding, advice: differences.map(lineOf).join('\n') };
}

/** A new member breaks no field. A session or user that the probe found may have ended meanwhile. */
function levelOf({ outcome, differences, isGiven }: ReadReport): Finding['level'] {
  if (outcome === 'as documented') return 'ok';
  if (outcome === 'not asked') return 'note';
  if (outcome === 'refused') return isGiven ? 'fail' : 'note';
  return outcome === 'failed' || differences.some(({ kind }) => kind !== 'new') ? 'fail' : 'note';
}

function lineOf({ kind, member, documented, found }: Difference): string {
  if (kind === 'new') return `new      ${member}: ${found}`;
  const was = kind === 'type' ? `, found ${found}` : '';
  return `${kind.padEnd(7)}  ${member}: documented ${documented}${was}`;
}

/** Quotes every text, because it comes from headers. */
function describe({ server, ray, clockAheadSeconds, rates }: FrontReport): string {
  const shown = (text: string | undefined) => (text === undefined ? 'none' : JSON.stringify(text));
  const pairs = Object.entries(rates).map(([name, value]) => `${name} ${shown(value)}`);
  const seconds = Math.abs(clockAheadSeconds ?? 0);
  const off = `${seconds} s ${(clockAheadSeconds ?? 0) < 0 ? 'behind' : 'ahead of'} ours`;
  const clock = clockAheadSeconds === undefined ? 'no date' : seconds < 1 ? 'the same as ours' : off;
  return [
    `server: ${shown(server)}`,
    `cf-ray: ${shown(ray)}`,
    `clock: ${clock}`,
    `rates: ${pairs.length > 0 ? pairs.join(', ') : 'none'}`,
  ]
    .join('; ')
    .concat('.');
}
