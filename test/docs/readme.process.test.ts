import { fileURLToPath } from 'node:url';
import { afterAll, expect, it } from 'vitest';
import { type GatewayProcess, startProcess } from '../support/processes/process.ts';
import { findDocuments } from '../support/repository/documentation.ts';
import { textOf } from '../support/repository/repository.ts';

const readme = textOf('README.md');

interface Example {
  /** Its section, and which one it is there. */
  readonly title: string;
  readonly command: string;
  /** The JSON that the README shows below it. */
  readonly answer: unknown;
  /** The words before the `npm start` above it in the section, such as `PORT=1 `. */
  readonly variables: string;
}

const examples: Example[] = readme.split(/^## /m).flatMap((section) => {
  const [heading = ''] = section.split('\n');
  const blocks = [...section.matchAll(/^```(\w+)\n([\s\S]*?)\n```$/gm)].map(([, language, text = '']) => ({
    language,
    text,
  }));
  let variables = '';
  const found: Example[] = [];
  for (const [index, { language, text }] of blocks.entries()) {
    if (language !== 'sh') continue;
    variables = /^((?:[A-Z_]+=\S+ )+)npm start/m.exec(text)?.[1] ?? variables;
    const below = blocks[index + 1];
    for (const command of text.replaceAll('\\\n', '').match(/^curl .*$/gm) ?? []) {
      const title = `${heading}, example ${found.length + 1}`;
      found.push({ title, command, answer: below?.language === 'json' && JSON.parse(below.text), variables });
    }
  }
  return found;
});

const processes = new Map<string, { process: GatewayProcess; url: Promise<string> }>();
afterAll(() => Promise.all([...processes.values()].map(({ process }) => process.kill())));

function urlWith(assignments: string): Promise<string> {
  const running = processes.get(assignments);
  if (running) return running.url;
  const pairs = [...assignments.matchAll(/(\w+)=(\S+)/g)].map(([, name = '', value = '']) => {
    // The process runs in a folder of its own, the reader's in the repository.
    const file = new URL(`../../${value}`, import.meta.url);
    return [name, name.endsWith('_FILE') ? fileURLToPath(file) : value];
  });
  const process = startProcess({ ...Object.fromEntries(pairs), PORT: '0' });
  const started = { process, url: process.listening() };
  processes.set(assignments, started);
  return started.url;
}

it('the README has examples, each with its answer', () => {
  expect(examples.length).toBeGreaterThanOrEqual(3);
  expect(examples.filter(({ answer }) => !answer)).toEqual([]);
});

it.each(examples)('the README tells the true answer: $title', async (example) => {
  const [, path = ''] = /^curl -s http:\/\/127\.0\.0\.1:4000(\S+)/.exec(example.command) ?? [];
  const headers = [...example.command.matchAll(/ -H '([\w-]+): ([^']+)'/g)].map(([, name, value]) => [
    name,
    value,
  ]);
  const body = / -d '([^']+)'/.exec(example.command)?.[1];
  const response = await fetch((await urlWith(example.variables)) + path, {
    method: body === undefined ? 'GET' : 'POST',
    headers: Object.fromEntries(headers),
    body,
  });
  expect(await response.json()).toEqual(example.answer);
});

it('the page of errors explains every error code', () => {
  const source = textOf('src/errors/coded-error.ts');
  const unions = source.match(/^(?:export )?type \w+Code =[^;]+;/gm) ?? [];
  const codes = unions.join('').match(/(?<=')[A-Z_]+(?=')/g) ?? [];
  expect(codes).toEqual(expect.arrayContaining(['UNAUTHENTICATED', 'BAD_REQUEST', 'TOO_DEEP']));
  const page = textOf('docs/errors.md');
  expect(codes.filter((code) => !page.includes(`\`${code}\``))).toEqual([]);
});

it('every npm script that a page names exists', () => {
  const { scripts } = JSON.parse(textOf('package.json'));
  const text = ['README.md', 'CONTRIBUTING.md', ...findDocuments('docs/')].map(textOf).join('\n');
  const named = [...text.matchAll(/\bnpm (?:run )?(start|test|(?<=run )[\w:]+)/g)].map(
    ([, name = '']) => name,
  );
  expect(named.length).toBeGreaterThan(10);
  expect(named.filter((name) => !(name in scripts))).toEqual([]);
});
