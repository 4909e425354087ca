// Prints the notes of a release: node scripts/release-notes.ts v1.2.3. Needs no packages, so a workflow runs it at once.
import { readFileSync } from 'node:fs';

const [tag = ''] = process.argv.slice(2);
const { version } = JSON.parse(readFileSync('package.json', 'utf8')) as { version: string };
const [, ...sections] = readFileSync('CHANGELOG.md', 'utf8').split(/^## /m);
const section = sections.find((text) => text.startsWith(`[${version}]`));
const notes = section?.replace(/^.*/, '').trim();

if (tag !== `v${version}`) {
  refuse(`The tag "${tag}" is not "v${version}": package.json has ${version}. "npm version" sets both.`);
} else if (!notes) {
  refuse(`CHANGELOG.md has nothing under "## [${version}]". Move what is under "Unreleased" there.`);
} else {
  console.log(notes);
}

function refuse(problem: string): void {
  console.error(problem);
  process.exitCode = 1;
}
