// Writes the SBOMs of the product as SPDX and CycloneDX: node scripts/sbom.ts FOLDER. Needs no packages but npm.
import { execFileSync } from 'node:child_process';
import { copyFileSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const FORMATS = { spdx: 'spdx.json', cyclonedx: 'cdx.json' };

const [folder] = process.argv.slice(2);
if (folder === undefined) {
  console.error('Name the folder that the SBOMs are written to: node scripts/sbom.ts FOLDER');
  process.exit(2);
}
const { devDependencies: _, ...product } = JSON.parse(readFileSync('package.json', 'utf8')) as {
  name: string;
  version: string;
  devDependencies: object;
};

const directory = mkdtempSync(join(tmpdir(), 'luaauth-graphql-sbom-'));
// CycloneDX names the product after its folder.
const cwd = join(directory, product.name);
const npm = (...args: string[]) =>
  execFileSync('npm', [...args, '--package-lock-only'], {
    cwd,
    encoding: 'utf8',
    maxBuffer: 64 * 1024 * 1024,
    stdio: ['ignore', 'pipe', 'inherit'],
  });

try {
  mkdirSync(cwd);
  mkdirSync(folder, { recursive: true });
  // "npm sbom --omit dev" also leaves out packages that both the product and the tools of development need.
  writeFileSync(join(cwd, 'package.json'), JSON.stringify(product));
  copyFileSync('package-lock.json', join(cwd, 'package-lock.json'));
  npm('install', '--ignore-scripts', '--prefer-offline', '--no-audit', '--no-fund');
  for (const [format, ending] of Object.entries(FORMATS)) {
    const file = `${product.name}.${ending}`;
    const text = npm('sbom', '--sbom-format', format);
    const { packages, components } = JSON.parse(text) as Record<
      'packages' | 'components',
      unknown[] | undefined
    >;
    writeFileSync(join(folder, file), text);
    // SPDX counts the product as well.
    console.log(
      `${file}: ${components?.length ?? (packages?.length ?? 0) - 1} packages below ${product.name}@${product.version}`,
    );
  }
} finally {
  rmSync(directory, { recursive: true });
}
