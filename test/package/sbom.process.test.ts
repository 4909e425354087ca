import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Ended } from '../support/processes/commands-of.ts';
import { useScript } from '../support/processes/script.ts';
import { pathOf, textOf } from '../support/repository/repository.ts';

const makeSboms = useScript(pathOf('scripts/sbom.ts'));
const { name, version } = JSON.parse(textOf('package.json')) as { name: string; version: string };
const locked = JSON.parse(textOf('package-lock.json')) as {
  packages: Record<string, { version: string; dev?: true; optional?: true; peer?: true; devOptional?: true }>;
};
/** The versions that an install of the product brings along, as the lock file says. */
const shipped = [
  ...new Set(
    Object.entries(locked.packages)
      .filter(([, { dev, optional, peer, devOptional }]) => !(dev || optional || peer || devOptional))
      .filter(([path]) => path !== '')
      .map(([path, entry]) => `${path.replace(/^.*node_modules\//, '')}@${entry.version}`),
  ),
].toSorted();

let folder: string;
let outcome: Ended;
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'luaauth-graphql-sbom-test-'));
  const env = { ...process.env, npm_config_offline: 'true' };
  outcome = await makeSboms([folder], pathOf(''), env);
});
afterAll(() => rmSync(folder, { recursive: true }));

const sbom = (ending: string) => JSON.parse(readFileSync(join(folder, `${name}.${ending}`), 'utf8'));

describe('the SBOMs of the product', () => {
  it('are two, made from the lock file without the registry', () => {
    expect(outcome).toEqual({
      code: 0,
      stdout: `${name}.spdx.json: ${shipped.length} packages below ${name}@${version}\n${name}.cdx.json: ${shipped.length} packages below ${name}@${version}\n`,
      stderr: '',
    });
  });

  it('name each package that an install brings along, in the version that was tested, and no tool of development', () => {
    const { packages } = sbom('spdx.json') as { packages: { name: string; versionInfo: string }[] };
    const { components } = sbom('cdx.json') as {
      components: { group?: string; name: string; version: string }[];
    };
    const [itself, ...below] = packages.map((one) => `${one.name}@${one.versionInfo}`);
    expect(itself).toBe(`${name}@${version}`);
    expect(below.toSorted()).toEqual(shipped);
    expect(components.map((one) => `${one.name}@${one.version}`).toSorted()).toEqual(shipped);
    expect(below.filter((one) => /^(?:vitest|typescript|graphiql|react)@/.test(one))).toEqual([]);
  });

  it('say which product and which version they are of, and in which format', () => {
    const spdx = sbom('spdx.json');
    expect([spdx.spdxVersion, spdx.name]).toEqual(['SPDX-2.3', `${name}@${version}`]);
    const cyclonedx = sbom('cdx.json');
    expect([cyclonedx.bomFormat, cyclonedx.metadata.component.name]).toEqual(['CycloneDX', name]);
    expect(cyclonedx.metadata.component.version).toBe(version);
  });
});

it('without a folder the script says what to name', async () => {
  expect(await makeSboms([], pathOf(''))).toEqual({
    code: 2,
    stdout: '',
    stderr: 'Name the folder that the SBOMs are written to: node scripts/sbom.ts FOLDER\n',
  });
});
