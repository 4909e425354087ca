/**
 * The steps of `.ci/run`. A part is a list of stages, a stage has lines that run beside each other, and the steps of a line run one
 * after the other. A test that fails has failed: nothing is tried again. A skipped test has failed too, because all tools are here.
 */
import { spawn, spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const work = mkdtempSync(join(tmpdir(), 'luaauth-graphql-ci-'));
process.once('exit', () => rmSync(work, { recursive: true, force: true }));

const check = (command) => ({ command, isOneTest: true });
const tests = (command) => ({ command, isOneTest: false });
const vitest = (command) =>
  tests(`${command} --reporter=default --reporter=${join(process.cwd(), '.ci/sums.mjs')}`);
const install = (folder) => check(`npm --prefix ${folder} ci --no-audit --no-fund`);

/** The gateway on one version of Node. */
const onNode = (node) =>
  vitest(
    `${node} node_modules/vitest/vitest.mjs run test/process/serve.process.test.ts test/process/stop.process.test.ts test/http/operation-requests.test.ts test/features/compression`,
  );

const INSTALL = [[check('npm ci --no-audit --no-fund')]];
const BUILD = check('npm run --silent build');
const PACK = check(`node --import tsx test/support/processes/pack.ts ${work}/packed`);
const CHECKS = [
  [check('npm run --silent lint'), check('npm run --silent typecheck')],
  [check('npm run --silent codegen:check')],
];
const TESTS = [vitest('npm test --silent --')];

/** The tests of a folder, whose types need what its `pretest` has generated. */
const folderSteps = (folder, runner = tests) => [
  ...(existsSync(`${folder}/package-lock.json`) ? [install(folder)] : []),
  runner(`npm --prefix ${folder} test --silent --`),
  check(`npm --prefix ${folder} run --silent --ignore-scripts typecheck`),
];
const EXAMPLES = [
  [
    ...folderSteps('examples/clients', vitest),
    ...folderSteps('examples/discord-bot'),
    ...folderSteps('examples/ci-deploy'),
  ],
  ['examples/supergraph', 'examples/embed', 'dashboard', 'examples/deploy'].flatMap((folder) =>
    folderSteps(folder),
  ),
];

const PARTS = {
  all: [INSTALL, [...CHECKS, [BUILD, PACK]], [TESTS, ...EXAMPLES]],
  suite: [INSTALL, [...CHECKS, [BUILD]], [TESTS]],
  short: [INSTALL, [[onNode('node')]]],
  examples: [INSTALL, [[BUILD]], EXAMPLES],
  // Package managers and runtimes, whose packages have programs for this kind of machine only.
  installs: [
    INSTALL,
    [
      [
        BUILD,
        ...folderSteps('test/installs').slice(0, 2),
        onNode('test/installs/node_modules/node-26/bin/node'),
      ],
    ],
  ],
  bench: [INSTALL, [[BUILD, install('bench/peers'), check('npm --prefix bench/peers run --silent short')]]],
};

/** The commands that tests and examples need, by the package of Debian that has them. */
const TOOLS = {
  'redis-server': 'redis-server',
  'valkey-server': 'valkey-server',
  chromium: 'chromium',
  curl: 'curl',
  openssl: 'openssl',
  nginx: 'nginx-light',
  wrk: 'wrk',
  caddy: 'caddy',
  'systemd-analyze': 'systemd',
  'docker-compose': 'docker-compose',
  jq: 'jq',
  python3: 'python3',
};

/** Installs what Debian has and this machine has not, where that is possible without asking. */
function installTools() {
  const isMissing = (command) => spawnSync('sh', ['-c', `command -v ${command}`]).status !== 0;
  const packages = Object.keys(TOOLS)
    .filter(isMissing)
    .map((command) => TOOLS[command]);
  if (packages.length === 0 || !existsSync('/etc/debian_version') || process.getuid() !== 0) return;
  const apt = (...args) =>
    spawnSync('apt-get', args, {
      stdio: 'inherit',
      env: { ...process.env, DEBIAN_FRONTEND: 'noninteractive' },
    });
  apt('update', '-qq');
  apt('install', '-y', '-qq', '--no-install-recommends', ...packages);
}

const seconds = () => Math.round(performance.now() / 1_000);
const sumOf = (output, name) =>
  [...output.matchAll(new RegExp(`^[^a-z\\n]*(?:${name}) (\\d+)$`, 'gm'))].reduce(
    (sum, [, count]) => sum + Number(count),
    0,
  );

/** Runs a step to its end, and prints what it has said when it ends: steps of other lines print too. */
function run({ command, isOneTest }) {
  const begin = seconds();
  console.log(`--- ${begin} s: ${command}`);
  const child = spawn('sh', ['-c', `${command} 2>&1`], {
    env: { ...process.env, PACKED: `${work}/packed` },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  let output = '';
  child.stdout.setEncoding('utf8').on('data', (text) => {
    output += text;
  });
  return new Promise((resolve) => {
    child.once('close', (code) => {
      const passed = isOneTest ? Number(code === 0) : sumOf(output, 'pass');
      const failed = isOneTest ? 0 : sumOf(output, 'fail|cancelled|skipped|todo');
      // A step that broke down, or ran nothing, has failed whatever it counted.
      const broke = code !== 0 || passed === 0;
      console.log(`${output}--- ${seconds()} s: ended with ${code}: ${command}`);
      resolve({ command, output, seconds: seconds() - begin, passed, failed: failed || Number(broke) });
    });
  });
}

async function runLine(line) {
  const results = [];
  for (const step of line) results.push(await run(step));
  return results;
}

/** What a runner lists of its failures, or the last lines. */
function failuresIn(output) {
  const lines = output.split('\n');
  const notRun = lines.filter((line) => line.startsWith('was not run: '));
  const from = lines.findIndex((line) =>
    /failing tests:|(Failed (Tests|Suites)|Unhandled Errors) /.test(line),
  );
  return [...notRun, ...(from < 0 ? lines.slice(-20) : lines.slice(from, from + 80))].join('\n');
}

const names = process.argv.slice(2);
const unknown = names.find((name) => !(name in PARTS));
if (unknown !== undefined) {
  console.error(`There is no part ${unknown}, but ${Object.keys(PARTS).join(', ')}.`);
  process.exit(2);
}
installTools();
const results = [];
for (const stage of (names.length > 0 ? names : ['all']).flatMap((name) => PARTS[name])) {
  results.push(...(await Promise.all(stage.map(runLine))).flat());
  // Nothing can run without packages.
  if (stage === INSTALL && results.at(-1).failed > 0) break;
}
for (const { command, output, failed } of results)
  if (failed > 0) console.log(`\n--- failed: ${command}\n${failuresIn(output)}`);
console.log('\nseconds  passed  failed');
for (const { command, ...figures } of results)
  console.log(
    `${[figures.seconds, figures.passed, figures.failed].map((figure) => String(figure).padStart(7)).join(' ')}  ${command}`,
  );
const total = (pick) => results.reduce((sum, result) => sum + pick(result), 0);
const failed = total((result) => result.failed);
console.log(`${total((result) => result.passed)} passed, ${failed} failed`);
process.exitCode = failed === 0 ? 0 : 1;
