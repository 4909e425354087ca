import { execFileSync, spawnSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, it } from 'vitest';
import { parse } from 'yaml';
import { needing } from '../support/processes/tools.ts';

interface Step {
  readonly uses?: string;
  readonly run?: string;
  readonly with?: Readonly<Record<string, unknown>>;
  readonly env?: Readonly<Record<string, string>>;
}

interface Job {
  readonly uses?: string;
  readonly if?: string;
  readonly 'runs-on'?: string;
  readonly needs?: string | readonly string[];
  readonly permissions?: Readonly<Record<string, string>>;
  readonly strategy?: {
    readonly matrix: {
      readonly node?: readonly number[];
      readonly include?: readonly { readonly runner?: string }[];
    };
  };
  readonly 'timeout-minutes'?: number;
  readonly steps?: readonly Step[];
}

interface Workflow {
  readonly on: unknown;
  readonly defaults?: { readonly run: { readonly shell: string } };
  readonly permissions: Readonly<Record<string, string>>;
  readonly jobs: Readonly<Record<string, Job>>;
}

const ROOT = fileURLToPath(new URL('../../', import.meta.url));
const FOLDER = '.github/workflows';

const textOf = (path: string) => readFileSync(join(ROOT, path), 'utf8');
const manifest = JSON.parse(textOf('package.json')) as { engines: { node: string } };

const files = readdirSync(join(ROOT, FOLDER)).map((name) => ({ name, text: textOf(join(FOLDER, name)) }));
const workflows = Object.fromEntries(files.map(({ name, text }) => [name, parse(text) as Workflow]));
const jobs = Object.entries(workflows).flatMap(([file, workflow]) =>
  Object.entries(workflow.jobs).map(([name, job]) => ({ name: `${file} ${name}`, job })),
);
const steps = jobs.flatMap(({ job }) => job.steps ?? []);

/** Each `uses:` as it is written, with its comment: `actions/checkout@<digest> # v7.0.1`. */
const uses = files.flatMap(({ text }) => [...text.matchAll(/\buses: *(.*)$/gm)].map(([, used = '']) => used));

it('every action of others is pinned by its digest, with the version beside it', () => {
  const inSteps = [...jobs.map(({ job }) => job.uses), ...steps.map((step) => step.uses)].filter(
    (used) => used !== undefined,
  );
  expect(uses.map((used) => used.split(' ')[0]).toSorted()).toEqual(inSteps.toSorted());
  const pinned = /^[\w-]+\/[\w-]+(?:\/[\w-]+)?@[0-9a-f]{40} # v\d+\.\d+\.\d+$/;
  expect(uses.filter((used) => !pinned.test(used))).toEqual(['./.github/workflows/ci.yml']);
});

it('the same action has the same pin everywhere', () => {
  const pins = new Set(uses);
  const names = new Set(uses.map((used) => used.split('@')[0]));
  expect(pins.size).toBe(names.size);
});

it('a job may read the repository, and no more than it needs beyond that', () => {
  for (const workflow of Object.values(workflows)) expect(workflow.permissions).toEqual({ contents: 'read' });
  const wider = jobs
    .filter(({ job }) => job.permissions !== undefined)
    .map(({ name, job }) => [name, job.permissions]);
  const signs = { attestations: 'write', 'id-token': 'write' };
  expect(Object.fromEntries(wider)).toEqual({
    'release.yml attest': { contents: 'read', ...signs },
    'release.yml npm': { contents: 'read', 'id-token': 'write' },
    'release.yml image': { contents: 'read', packages: 'write', ...signs },
    'release.yml release': { contents: 'write' },
    'scorecard.yml scorecard': { contents: 'read', 'security-events': 'write' },
  });
});

it('no step leaves the token in the checkout, and none makes a command of what others named', () => {
  const checkouts = steps.filter((step) => step.uses?.startsWith('actions/checkout@'));
  expect(checkouts.length).toBeGreaterThan(0);
  for (const checkout of checkouts) expect(checkout.with).toEqual({ 'persist-credentials': false });
  expect(steps.filter(({ run }) => run?.includes('${{'))).toEqual([]);
});

it('each job ends some time', () => {
  const endless = jobs.filter(({ job }) => job.uses === undefined && !job['timeout-minutes']);
  expect(endless.map(({ name }) => name)).toEqual([]);
});

it('CI runs on the Node versions that the documents name, from the oldest that "engines" allows', () => {
  const versions = workflows['ci.yml']?.jobs.test?.strategy?.matrix.node ?? [];
  const [, oldest] = /^>=(\d+)\./.exec(manifest.engines.node) ?? [];
  expect(versions[0]).toBe(Number(oldest));
  for (const document of ['README.md', 'CONTRIBUTING.md']) {
    const named = textOf(document)
      .split('\n')
      .filter((line) => versions.every((version) => new RegExp(`\\b${version}\\b`).test(line)));
    expect(named.filter((line) => line.includes('Node')).length, document).toBeGreaterThan(0);
  }
});

it('what a step runs of ours is there', () => {
  const run = steps.map((step) => step.run ?? '').join('\n');
  const ours = [...run.matchAll(/(?:^|\s)((?:\.ci|scripts)\/[\w.-]+)/g)].map(([, path = '']) => path);
  expect(new Set(ours)).toEqual(
    new Set([
      '.ci/run',
      '.ci/smoke-image',
      'scripts/merge-images.ts',
      'scripts/packed-files.ts',
      'scripts/pin-images.ts',
      'scripts/release-notes.ts',
      'scripts/sbom.ts',
    ]),
  );
  expect(ours.filter((path) => !existsSync(join(ROOT, path)))).toEqual([]);
});

it('a release is published after its tag, its notes and every check of CI, and announced last', () => {
  const release = workflows['release.yml']?.jobs ?? {};
  const order = Object.fromEntries(Object.entries(release).map(([name, { needs }]) => [name, needs]));
  expect(order).toEqual({
    notes: undefined,
    checks: 'notes',
    pack: 'checks',
    build: 'checks',
    merge: 'build',
    attest: ['pack', 'merge'],
    npm: 'attest',
    image: ['pack', 'merge'],
    release: ['npm', 'image'],
  });
  expect(release.checks?.uses).toBe('./.github/workflows/ci.yml');
});

it('what packages bring along runs in no job that has a token or may write', () => {
  const runsOthersCode = ({ uses: used = '', run = '' }: Step) =>
    /^docker\/build-push-action@/.test(used) ||
    /\bnpm (?:ci|install|pack|run|test|start)\b(?!.*--ignore-scripts)|\bnpx\b|\.ci\/run/.test(run);
  const withSecrets = jobs.filter(
    ({ job }) =>
      Object.values(job.permissions ?? {}).includes('write') ||
      job.steps?.some(({ env, with: given }) =>
        /\$\{\{\s*(?:secrets|github\.token)/.test(JSON.stringify([env, given])),
      ),
  );
  expect(withSecrets.map(({ name }) => name)).toEqual([
    'release.yml attest',
    'release.yml npm',
    'release.yml image',
    'release.yml release',
    'scorecard.yml scorecard',
  ]);
  expect(withSecrets.flatMap(({ job }) => job.steps ?? []).filter(runsOthersCode)).toEqual([]);
  // The package is built and packed, and the image built, where there is no token.
  expect(workflows['release.yml']?.jobs.pack?.steps?.some(runsOthersCode)).toBe(true);
  expect(workflows['release.yml']?.jobs.build?.steps?.some(runsOthersCode)).toBe(true);
});

it('what is published is a tarball, of which no script runs', () => {
  const publishing = steps
    .flatMap(({ run = '' }) => run.match(/npm publish .*/g) ?? [])
    .filter((command) => !command.includes('--dry-run'));
  expect(publishing).toEqual([
    'npm publish ./packed/*.tgz --ignore-scripts --provenance --access public --tag "$DIST_TAG"',
  ]);
});

it('started by hand a release is a dry run: each job that signs, publishes or knows a secret is for a tag alone', () => {
  expect(workflows['release.yml']?.on).toMatchObject({ push: { tags: ['v*'] }, workflow_dispatch: {} });
  const forATag = Object.entries(workflows['release.yml']?.jobs ?? {}).filter(([, job]) => {
    const writes = Object.values(job.permissions ?? {}).includes('write');
    return writes || /secrets\.|github\.token/.test(JSON.stringify(job));
  });
  expect(forATag.map(([name]) => name)).toEqual(['attest', 'npm', 'image', 'release']);
  for (const [name, job] of forATag) expect([name, job.if]).toEqual([name, "github.event_name == 'push'"]);
});

it('no workflow knows a secret but the token of npm, and no pull request of a fork gets more rights', () => {
  const secrets = files.flatMap(({ text }) =>
    [...text.matchAll(/\bsecrets\.(\w+)/g)].map(([, name]) => name),
  );
  expect(new Set(secrets)).toEqual(new Set(['GITHUB_TOKEN', 'NPM_TOKEN']));
  expect(files.filter(({ text }) => /pull_request_target|workflow_run|secrets: inherit/.test(text))).toEqual(
    [],
  );
});

it('a step that keeps its output still fails: a workflow with pipes names its shell', () => {
  const piping = Object.entries(workflows).filter(([, { jobs: all }]) =>
    Object.values(all).some((job) => job.steps?.some(({ run }) => /[^|]\|[^|]/.test(run ?? ''))),
  );
  expect(piping.map(([name]) => name)).toEqual(['release.yml']);
  for (const [, { defaults }] of piping) expect(defaults).toEqual({ run: { shell: 'bash' } });
});

it.each([
  ['ci.yml', 'image'],
  ['release.yml', 'build'],
])('%s starts the image on machines of both architectures', (file, name) => {
  const job = workflows[file]?.jobs[name];
  const runners = job?.strategy?.matrix.include?.map(({ runner = 'ubuntu-latest' }) => runner);
  expect(new Set(runners)).toEqual(new Set(['ubuntu-latest', 'ubuntu-24.04-arm']));
  expect(job?.['runs-on']).toContain('matrix.runner');
  expect(job?.steps?.map(({ run }) => run)).toContain('.ci/smoke-image luaauth-graphql:smoke');
});

it('each night packages are looked up and their signatures checked, and each pull request for new ones', () => {
  const audit = workflows['nightly.yml']?.jobs.audit?.steps?.map(({ run }) => run);
  expect(audit).toEqual(expect.arrayContaining(['npm audit --omit dev', 'npm audit signatures']));
  expect(workflows['dependency-review.yml']?.on).toBe('pull_request');
});

it('a release is refused while an image has no digest', () => {
  expect(workflows['release.yml']?.jobs.notes?.steps?.map(({ run }) => run)).toContain(
    'node scripts/pin-images.ts --check',
  );
});

it('dependabot looks after the digest of every image', () => {
  const { updates } = parse(textOf('.github/dependabot.yml')) as {
    updates: readonly { 'package-ecosystem': string; directories?: readonly string[] }[];
  };
  const directoriesOf = (ecosystem: string) =>
    updates.find((update) => update['package-ecosystem'] === ecosystem)?.directories;
  expect(directoriesOf('docker')).toEqual(['/', '/examples/kubernetes']);
  expect(directoriesOf('docker-compose')).toEqual(['/', '/examples/deploy']);
});

it('dependabot looks after every folder with packages', () => {
  const examples = readdirSync(join(ROOT, 'examples')).map((name) => `/examples/${name}`);
  const folders = ['/', '/bench/peers', '/docs/site', '/test/installs', ...examples].filter((folder) =>
    existsSync(join(ROOT, folder, 'package-lock.json')),
  );
  expect(folders.length).toBeGreaterThan(2);
  const { updates } = parse(textOf('.github/dependabot.yml')) as {
    updates: readonly { 'package-ecosystem': string; directories?: readonly string[] }[];
  };
  const npm = updates.find((update) => update['package-ecosystem'] === 'npm');
  expect(npm?.directories?.toSorted()).toEqual(folders.toSorted());
});

it('.ci/run runs nothing where it does not know a part', needing('bash'), () => {
  const { status, stderr } = spawnSync(join(ROOT, '.ci/run'), ['short', 'exampels'], { encoding: 'utf8' });
  expect([status, stderr]).toEqual([
    2,
    'There is no part exampels, but suite, short, examples, installs and image.\n',
  ]);
});

const SCRIPTS = ['.ci/run', '.ci/smoke-image', '.ci/image-without-docker', 'scripts/fuzz'];
it.each(SCRIPTS)('%s is a script that bash can read', needing('bash'), (path) => {
  expect(String(execFileSync('bash', ['-n', join(ROOT, path)], { stdio: 'pipe' }))).toBe('');
});
