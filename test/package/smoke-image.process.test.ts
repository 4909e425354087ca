import { copyFileSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { MAIN } from '../support/processes/built.ts';
import { run } from '../support/processes/packed.ts';
import { needing } from '../support/processes/tools.ts';

vi.setConfig({ testTimeout: 120_000 });

const pathOf = (path: string) => fileURLToPath(new URL(path, import.meta.url));
const SMOKE = pathOf('../../.ci/smoke-image');
const GATEWAY = `${process.execPath} ${MAIN}`;

let directory: string;
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'luaauth-graphql-smoke-'));
  copyFileSync(pathOf('../support/processes/docker.sh'), join(directory, 'docker'));
});
afterEach(() => rmSync(directory, { recursive: true }));

/** Runs the smoke test over an image that holds a command, with the variables that the Dockerfile sets. */
function smoke(command: string) {
  return run(SMOKE, ['the-image'], {
    cwd: directory,
    env: {
      PATH: `${directory}:${process.env.PATH}`,
      STATE: directory,
      GATEWAY: command,
      NODE_ENV: 'production',
      HOST: '0.0.0.0',
      PORT: '0',
    },
  });
}

/** An image whose `schema` is right, and that is told apart by what it does when it is started. */
function imageThat(does: string): string {
  const file = join(directory, 'image.sh');
  writeFileSync(file, `[ "$1" = schema ] && exec ${GATEWAY} schema\n${does}\n`);
  return `sh ${file}`;
}

/** The command of an image that listens, sends one body to everything, and ends on SIGTERM with a code. */
const server = (body: string, code = '0') =>
  `exec ${process.execPath} -e '
    process.on("SIGTERM", () => process.exit(${code}));
    const server = require("http").createServer((request, response) => response.end(${JSON.stringify(body)}));
    server.listen(0, "127.0.0.1", () => console.log(JSON.stringify({
      url: "http://127.0.0.1:" + server.address().port + "/graphql" })));'`;

describe('the smoke test of an image', needing('bash', 'curl'), () => {
  it('passes over the gateway', async () => {
    const { code, stderr } = await smoke(GATEWAY);
    expect([code, stderr]).toEqual([0, '']);
  });

  it('fails for an image that answers something else', async () => {
    const { code, stderr } = await smoke(imageThat(server('{"data":{}}')));
    expect([code, stderr]).toEqual([
      1,
      'answered {"data":{}}, not {"data":{"script":{"name":"Nightfall Hub"}}}\n',
    ]);
  });

  it('fails for an image that does not stop well', async () => {
    const { code, stderr } = await smoke(
      imageThat(server('{"data":{"script":{"name":"Nightfall Hub"}}}', '3')),
    );
    expect([code, stderr]).toEqual([1, 'stopped with 3, not 0\n']);
  });

  it('fails for an image that starts as its own user only', async () => {
    const { code, stderr } = await smoke(imageThat(`[ "$AS" ] && exit 4\nexec ${GATEWAY} "$@"`));
    expect([code, stderr.split('\n').at(-2)]).toEqual([1, 'is unhealthy, not healthy']);
  });

  it('starts the image a second time as any user, without a network', async () => {
    const said = join(directory, 'said');
    const { code } = await smoke(imageThat(`echo "$AS $NETWORK" >>${said}\nexec ${GATEWAY} "$@"`));
    expect([code, readFileSync(said, 'utf8')]).toEqual([0, ' \n4711:4711 none\n']);
  });

  it('fails for an image without the schema', async () => {
    const { code, stdout } = await smoke('true');
    expect(code).toBe(1);
    expect(stdout).toContain('< type Query {');
  });
});
