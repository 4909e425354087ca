import { existsSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { afterAll, expect, it } from 'vitest';
import { type GatewayProcess, startProcess } from './support/process.ts';

const readme = readFileSync(new URL('../README.md', import.meta.url), 'utf8');

interface Example {
  /** Its section, and which one it is there. */
  readonly title: string;
  readonly command: string;
  /** What stands below it. */
  readonly answer: unknown;
  /** What stands before the `npm start` above it in the section, such as `PORT=1 `. */
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
    const file = new URL(`../${value}`, import.meta.url);
    return [name, name.endsWith('_FILE') ? fileURLToPath(file) : value];
  });
  const process = startProcess({ ...Object.fromEntries(pairs), PORT: '0' });
  const started = { process, url: process.listening() };
  processes.set(assignments, started);
  return started.url;
}

it('the README has examples, each with its answer', () => {
  expect(examples.length).toBeGreaterThanOrEqual(6);
  expect(examples.filter(({ answer }) => !answer)).toEqual([]);
});

it.each(examples)('the README tells the true answer: $title', { timeout: 60_000 }, async (example) => {
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

it('the README explains every error code', () => {
  const source = readFileSync(new URL('../src/errors/codes.ts', import.meta.url), 'utf8');
  const unions = source.match(/export type \w+Code =[^;]+;/g) ?? [];
  const codes = unions.join('').match(/(?<=')[A-Z_]+(?=')/g) ?? [];
  expect(codes).toEqual(expect.arrayContaining(['UNAUTHENTICATED', 'BAD_REQUEST', 'TOO_DEEP']));
  expect(codes.filter((code) => !readme.includes(`\`${code}\``))).toEqual([]);
});

it('every file that the README links to is there', () => {
  const links = [...readme.matchAll(/\]\((?!https?:|#)([^)]+)\)/g)].map(([, path = '']) => path);
  expect(links).toContain('schema/schema.graphql');
  expect(links.filter((path) => !existsSync(new URL(`../${path}`, import.meta.url)))).toEqual([]);
});

it('every npm script that the README names exists, and every script is named', () => {
  const { scripts } = JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8'));
  const named = new Set(
    [...readme.matchAll(/\bnpm (?:run )?(start|test|(?<=run )[\w:]+)/g)].map(([, name]) => name),
  );
  expect([...named].filter((name) => !((name as string) in scripts))).toEqual([]);
  // A variant, such as bench:short, is told of where its script is.
  const isNamed = (script: string) => named.has(script) || named.has(script.split(':')[0]);
  expect(Object.keys(scripts).filter((script) => !script.startsWith('pre') && !isNamed(script))).toEqual([]);
});
