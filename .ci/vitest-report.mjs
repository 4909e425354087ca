// Prints the sums of a report of Vitest, "passed failed", and below it each test that failed or was left out, and why.
import { readFileSync } from 'node:fs';

/** As much of a message as tells what went wrong; the whole of it stands further up in the log. */
const MOST_LINES = 20;

const report = JSON.parse(readFileSync(process.argv[2], 'utf8') || '{}');
const { numPassedTests: passed = 0, numFailedTests: failed = 0, numPendingTests: leftOut = 0 } = report;
console.log(passed, failed + leftOut);

for (const { name, message, assertionResults: tests } of report.testResults ?? []) {
  const file = name.replace(`${process.cwd()}/`, '');
  // A file that could not be loaded has a message and no tests.
  if (message && tests.every(({ status }) => status !== 'failed')) tell(file, message);
  for (const test of tests) {
    if (test.status === 'failed') tell(`${file} > ${test.fullName}`, test.failureMessages.join('\n'));
    else if (test.status !== 'passed') tell(`${file} > ${test.fullName}`, `was not run: ${test.status}`);
  }
}

function tell(test, why) {
  const ours = why.split('\n').filter((line) => !line.includes('/node_modules/'));
  const lines = ours.slice(0, MOST_LINES);
  console.log([test, ...lines.map((line) => `    ${line}`)].join('\n'));
}
