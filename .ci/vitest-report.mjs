/**
 * Reads reports of Vitest.
 *   sums REPORT...      "passed failed", and below it each test that failed or was left out, and why. A file that a later report has
 *                       too counts as it does there.
 *   failed REPORT       The files in which a test failed, one a line; ends with 1 if there is none.
 *   flaky FIRST SECOND  Each failure of the first report whose file has passed in the second.
 */
import { readFileSync } from 'node:fs';

/** As much of a message as tells what went wrong; the whole of it stands further up in the log. */
const MOST_LINES = 20;

const [what, ...paths] = process.argv.slice(2);
const reports = paths.map(readReport);
if (what === 'sums') tellSums(new Map(reports.flatMap((files) => [...files])));
if (what === 'failed') tellFailed(...reports);
if (what === 'flaky') tellFlaky(...reports);

/** The results of each file; none where the run broke off before it wrote them. */
function readReport(path) {
  const { testResults = [] } = JSON.parse(readFileSync(path, 'utf8') || '{}');
  return new Map(testResults.map((result) => [result.name.replace(`${process.cwd()}/`, ''), result]));
}

function tellSums(files) {
  const tests = [...files.values()].flatMap(({ assertionResults }) => assertionResults);
  const passed = tests.filter(({ status }) => status === 'passed').length;
  console.log(passed, tests.length - passed);
  for (const [file, result] of files) tellFailures(file, result);
}

function tellFailed(files) {
  const failed = [...files.keys()].filter((file) => files.get(file).status === 'failed');
  for (const file of failed) console.log(file);
  process.exitCode = failed.length > 0 ? 0 : 1;
}

function tellFlaky(first, second) {
  for (const [file, result] of first)
    if (result.status === 'failed' && second.get(file)?.status === 'passed') tellFailures(file, result);
}

function tellFailures(file, { message, assertionResults: tests }) {
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
