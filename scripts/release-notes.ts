// Prints the notes of a release: node scripts/release-notes.ts v1.2.3. Needs no packages, so a workflow runs it at once.
import { readFileSync } from 'node:fs';
import { sectionOf } from './changelog.ts';

const [tag = ''] = process.argv.slice(2);
const { version } = JSON.parse(readFileSync('package.json', 'utf8')) as { version: string };

try {
  if (tag !== `v${version}`) {
    throw new Error(
      `The tag "${tag}" is not "v${version}": package.json has ${version}. "npm version" sets both.`,
    );
  }
  console.log(sectionOf(readFileSync('CHANGELOG.md', 'utf8'), version));
} catch (error) {
  console.error((error as Error).message);
  process.exitCode = 1;
}
