/** `npm run bench -- quota`: what the gateway makes of 50 REST calls a second. See README.md. */
import { parseArgs } from 'node:util';
import { bursts } from './scenarios/bursts.ts';
import { identical } from './scenarios/identical.ts';
import { mixed } from './scenarios/mixed.ts';
import type { Scenario } from './scenarios/scenario.ts';
import { unique } from './scenarios/unique.ts';
import { whole } from './scenarios/whole.ts';
import { zipf } from './scenarios/zipf.ts';
import { printReport } from './support/report.ts';

const SCENARIOS: Readonly<Record<string, Scenario>> = { identical, zipf, unique, whole, bursts, mixed };

const { values } = parseArgs({
  options: {
    seconds: { type: 'string', default: '60' },
    rate: { type: 'string', default: '1000' },
    only: { type: 'string', default: Object.keys(SCENARIOS).join(',') },
    profile: { type: 'string' },
  },
});
const options = {
  seconds: wholeNumber('seconds', values.seconds, 600),
  perSecond: wholeNumber('rate', values.rate, 10_000),
  settings: { profileDirectory: values.profile },
};

const broken: string[] = [];
for (const scenario of values.only.split(',').map(scenarioOf)) {
  for await (const report of scenario(options)) {
    console.log(printReport(report));
    broken.push(...report.broken.map((line) => `${report.title}: ${line}`));
  }
}
console.log(broken.length > 0 ? ['\nFailed:', ...broken].join('\n  ') : '\nAll that must be 0 is 0.');
process.exitCode = broken.length > 0 ? 1 : 0;

function scenarioOf(name: string): Scenario {
  const scenario = Object.hasOwn(SCENARIOS, name) ? SCENARIOS[name] : undefined;
  return scenario ?? refuse(`--only: "${name}" is none of ${Object.keys(SCENARIOS).join(', ')}.`);
}

function wholeNumber(name: string, text: string, most: number): number {
  const number = Number(text);
  if (/^\d{1,5}$/.test(text) && number >= 1 && number <= most) return number;
  return refuse(`--${name}: "${text}" is not a whole number from 1 to ${most}.`);
}

function refuse(problem: string): never {
  console.error(problem);
  process.exit(2);
}
