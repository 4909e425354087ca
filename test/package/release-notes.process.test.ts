import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { sectionOf } from '../../scripts/changelog.ts';
import { useScript } from '../support/processes/script.ts';
import { pathOf, textOf } from '../support/repository/repository.ts';

const CHANGELOG = `# Changelog

What a user notices.

## [Unreleased]

- not yet

## [1.10.0] - 2026-11-25

### Added

- a \`## [heading]\` in a line
- the second

## [1.1.0]

## [1.0.0] - 2026-01-31

- the first
`;

describe('the section of a version', () => {
  it('is what stands between its heading and the next', () => {
    expect(sectionOf(CHANGELOG, '1.10.0')).toBe('### Added\n\n- a `## [heading]` in a line\n- the second');
  });

  it('may be the last', () => {
    expect(sectionOf(CHANGELOG, '1.0.0')).toBe('- the first');
  });

  it('is missing for a version that the changelog does not know, also for the begin of one that it does', () => {
    for (const version of ['1.1', '1.10.0-rc.1', '2.0.0', '']) {
      expect(() => sectionOf(CHANGELOG, version)).toThrow(
        `CHANGELOG.md has no section "## [${version}]", only: Unreleased, 1.10.0, 1.1.0, 1.0.0. Move what is under "Unreleased" there.`,
      );
    }
  });

  it('has to say something', () => {
    expect(() => sectionOf(CHANGELOG, '1.1.0')).toThrow('CHANGELOG.md says nothing under "## [1.1.0]".');
  });

  it('is the first of our changelog, and of the version in package.json, the lock file and the image label', () => {
    const { version } = JSON.parse(textOf('package.json')) as { version: string };
    const lock = JSON.parse(textOf('package-lock.json')) as {
      version: string;
      packages: { '': { version: string } };
    };
    const [, newest] = /^## \[(.+?)\]/m.exec(textOf('CHANGELOG.md')) ?? [];
    expect([newest, lock.version, lock.packages[''].version]).toEqual([version, version, version]);
    // The action makes the label org.opencontainers.image.version of the tag, which the notes compare with package.json.
    const release = textOf('.github/workflows/release.yml');
    // biome-ignore lint/suspicious/noTemplateCurlyInString: the workflow's own placeholder
    expect(release).toContain('tags: type=semver,pattern={{version}},value=${{ env.TAG }}');
    const builds = release.split('uses: docker/build-push-action').slice(1);
    expect(builds.length).toBeGreaterThan(0);
    // biome-ignore lint/suspicious/noTemplateCurlyInString: the workflow's own placeholder
    for (const build of builds) expect(build).toContain('labels: ${{ steps.metadata.outputs.labels }}');
  });

  it('is found in our own changelog for every version that it has', () => {
    const ours = textOf('CHANGELOG.md');
    const versions = [...ours.matchAll(/^## \[(.+?)\]/gm)].map(([, version = '']) => version);
    expect(versions).toContain('0.1.0');
    expect(
      versions.map((version) => sectionOf(ours, version)).filter((text) => !text.includes('- ')),
    ).toEqual([]);
  });
});

describe('the notes of a release', () => {
  const printNotes = useScript(pathOf('scripts/release-notes.ts'));

  let cwd: string;
  beforeEach(() => {
    cwd = mkdtempSync(join(tmpdir(), 'luaauth-graphql-release-'));
    writeFileSync(join(cwd, 'CHANGELOG.md'), CHANGELOG);
  });
  afterEach(() => rmSync(cwd, { recursive: true }));

  const notesOf = (version: string, tag: string) => {
    writeFileSync(join(cwd, 'package.json'), JSON.stringify({ version }));
    return printNotes([tag], cwd);
  };

  it('are the section of the version that is tagged', async () => {
    expect(await notesOf('1.0.0', 'v1.0.0')).toEqual({ code: 0, stdout: '- the first\n', stderr: '' });
  });

  it('are refused for a tag that is not the version in package.json', async () => {
    for (const tag of ['v1.0.1', '1.0.0', '']) {
      expect(await notesOf('1.0.0', tag)).toEqual({
        code: 1,
        stdout: '',
        stderr: `The tag "${tag}" is not "v1.0.0": package.json has 1.0.0. "npm version" sets both.\n`,
      });
    }
  });

  it('are refused for a version that the changelog does not know', async () => {
    const { code, stdout, stderr } = await notesOf('2.0.0', 'v2.0.0');
    expect([code, stdout]).toEqual([1, '']);
    expect(stderr).toMatch(/^CHANGELOG\.md has no section "## \[2\.0\.0\]", only: .*\n$/);
  });
});
