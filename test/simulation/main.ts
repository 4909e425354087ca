import { parseArgs } from 'node:util';
import { FAULT_KINDS, type FaultKind } from './faults.ts';
import { minimise } from './minimise.ts';
import { createPlan } from './plan.ts';
import { play } from './world.ts';

const USAGE = `Usage: npm run simulate -- [options]

  --hours N      virtual hours in all, in histories of --seconds each (default: 1)
  --seconds N    virtual seconds of a history (default: 120)
  --gateways N   gateways in a history (default: 3)
  --seed TEXT    the histories are TEXT-0, TEXT-1 and so on (default: the time)
  --history TEXT plays this history alone
  --faults N     faults in a minute, on average (default: 12)
  --kinds A,B    only these faults: ${FAULT_KINDS.join(', ')}`;

const { values } = parseArgs({
  options: {
    hours: { type: 'string', default: '1' },
    seconds: { type: 'string', default: '120' },
    gateways: { type: 'string', default: '3' },
    seed: { type: 'string', default: String(Date.now()) },
    history: { type: 'string' },
    faults: { type: 'string', default: '12' },
    kinds: { type: 'string' },
    help: { type: 'boolean', default: false },
  },
});

function positive(name: 'hours' | 'seconds' | 'gateways' | 'faults'): number {
  const number = Number(values[name]);
  if (number > 0 || (name === 'faults' && number === 0)) return number;
  throw new Error(`--${name} is "${values[name]}". Give a number above 0.`);
}

function kindsOf(text: string): FaultKind[] {
  return text.split(',').map((name) => {
    const kind = FAULT_KINDS.find((one) => one === name.trim());
    if (kind) return kind;
    throw new Error(
      `--kinds has "${name}", which is no kind of fault. Give some of: ${FAULT_KINDS.join(', ')}.`,
    );
  });
}

function addTo(sums: Record<string, number>, counts: Readonly<Record<string, number>>): void {
  for (const [name, count] of Object.entries(counts)) sums[name] = (sums[name] ?? 0) + count;
}

function tableOf(title: string, counts: Readonly<Record<string, number>>): string {
  const rows = Object.entries(counts).sort(([one], [other]) => (one < other ? -1 : 1));
  return [`${title}:`, ...rows.map(([name, count]) => `  ${String(count).padStart(9)} ${name}`)].join('\n');
}

async function main(): Promise<void> {
  if (values.help) return console.log(USAGE);
  const [seconds, gateways, faultsPerMinute] = [
    positive('seconds'),
    positive('gateways'),
    positive('faults'),
  ];
  const kinds = values.kinds === undefined ? FAULT_KINDS : kindsOf(values.kinds);
  const count = Math.ceil((positive('hours') * 3_600) / seconds);
  const seeds = values.history
    ? [values.history]
    : Array.from({ length: count }, (_one, index) => `${values.seed}-${index}`);
  const operations: Record<string, number> = {};
  const faults: Record<string, number> = {};
  const startedAt = performance.now();
  let [requests, commands] = [0, 0];
  for (const seed of seeds) {
    const plan = createPlan({ seed, seconds, gateways, faultsPerMinute, kinds });
    const outcome = await play(plan);
    addTo(operations, outcome.operations);
    addTo(faults, outcome.faults);
    requests += outcome.requests;
    commands += outcome.commands;
    if (!outcome.violation) continue;
    const { rule, what, at } = outcome.violation;
    console.log(`VIOLATION in history ${seed} after ${(at / 1_000).toFixed(3)} s: ${rule}: ${what}`);
    const least = await minimise(plan, outcome);
    const callers = least.plan.callers.map(({ name }) => name).join(', ');
    console.log(`Minimised to the faults below and the callers ${callers}. Its last events:`);
    for (const fault of least.plan.faults) console.log(`  ${JSON.stringify(fault)}`);
    for (const line of least.outcome.lastLines) console.log(line);
    const same = `--seconds ${values.seconds} --gateways ${values.gateways} --faults ${values.faults}`;
    console.log(`Play it again: npm run simulate -- --history ${seed} ${same}`);
    process.exitCode = 1;
    return;
  }
  const realSeconds = (performance.now() - startedAt) / 1_000;
  const hours = (seeds.length * seconds) / 3_600;
  console.log(
    `seed ${values.history ?? values.seed}: ${seeds.length} histories of ${gateways} gateways, no violation`,
  );
  console.log(
    `${hours.toFixed(2)} virtual hours in ${realSeconds.toFixed(1)} s, ${((hours * 3_600) / realSeconds).toFixed(0)} virtual seconds a second`,
  );
  console.log(`${requests} requests, ${commands} commands at the store`);
  console.log(tableOf('faults', faults));
  console.log(tableOf('operations', operations));
}

try {
  await main();
} catch (error) {
  console.error((error as Error).message);
  process.exitCode = 2;
}
