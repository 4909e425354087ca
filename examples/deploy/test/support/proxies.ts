import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { parse } from 'yaml';
import { freePort } from '../../../../test/support/network/free-port.ts';
import { selfSigned } from '../../../../test/support/network/self-signed.ts';
import { replaceParts, runTool, textOf } from './tool.ts';

export interface RunningProxy {
  readonly tlsPort: number;
  readonly plainPort: number;
  /** The tool's verdict on the configuration. */
  readonly check: { readonly code: number; readonly output: string };
  /** All that it has written so far, its access log first. */
  log(): string;
  stop(): Promise<void>;
}

type Files = Record<'directory' | 'cert' | 'key', string>;
interface Ports extends Record<'tls' | 'plain', number> {
  readonly gateways: readonly number[];
}
/**
 * The arguments to check a configuration, those to serve it, and where it logs beside stdout and stderr. A plain one has no
 * TLS.
 */
interface Recipe {
  readonly command: string;
  readonly check: readonly string[];
  readonly serve: readonly string[];
  readonly variables?: Record<string, string>;
  readonly logFiles?: readonly string[];
  readonly isPlain?: boolean;
}

/** The configuration of this folder, on loopback, with other ports and a certificate of the tests. */
const recipes = {
  nginx({ directory, cert, key }: Files, ports: Ports): Recipe {
    const accessLog = join(directory, 'access.log');
    const site = replaceParts(textOf('nginx.conf'), {
      'server 127.0.0.1:4000;': `server 127.0.0.1:${ports.gateways[0]};`,
      'listen 80;': `listen 127.0.0.1:${ports.plain};`,
      'listen 443 ssl;': `listen 127.0.0.1:${ports.tls} ssl;`,
      'listen [::]:80;': '',
      'listen [::]:443 ssl;': '',
      '/etc/letsencrypt/live/graphql.example.com/fullchain.pem': cert,
      '/etc/letsencrypt/live/graphql.example.com/privkey.pem': key,
      'server_name graphql.example.com;': 'server_name localhost;',
      '/var/log/nginx/luaauth-graphql.log': accessLog,
    });
    return { ...nginxWith(site, directory), logFiles: [accessLog, join(directory, 'error.log')] };
  },

  /** The nginx of compose.several.yaml, where a name has the addresses of all gateways. */
  several({ directory }: Files, ports: Ports): Recipe {
    const file = parse(textOf('../../compose.several.yaml'), { logLevel: 'silent' });
    const site = replaceParts(file.configs.nginx.content.replaceAll('$$', '$'), {
      'server gateway:4000 max_fails=1 fail_timeout=2s;': ports.gateways
        .map((port) => `server 127.0.0.1:${port} max_fails=1 fail_timeout=2s;`)
        .join('\n'),
      'listen 4000;': `listen 127.0.0.1:${ports.plain};`,
    });
    return { ...nginxWith(site, directory), isPlain: true };
  },

  caddy({ directory, cert, key }: Files, ports: Ports): Recipe {
    const config = join(directory, 'Caddyfile');
    const site = replaceParts(textOf('Caddyfile'), {
      '\tadmin off\n': `\tadmin off\n\thttp_port ${ports.plain}\n\thttps_port ${ports.tls}\n\tdefault_bind 127.0.0.1\n`,
      '\n{$DOMAIN} {\n': `\n{$DOMAIN} {\n\ttls ${cert} ${key}\n`,
    });
    writeFileSync(config, site);
    const args = ['--config', config, '--adapter', 'caddyfile'];
    const variables = {
      DOMAIN: 'localhost',
      GATEWAY_ADDRESS: `127.0.0.1:${ports.gateways[0]}`,
      HOME: directory,
      XDG_DATA_HOME: directory,
      XDG_CONFIG_HOME: directory,
    };
    return { command: 'caddy', check: ['validate', ...args], serve: ['run', ...args], variables };
  },
};

/** A configuration as a file of conf.d, with nothing written outside of the directory. */
function nginxWith(site: string, directory: string): Recipe {
  const temporary = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'].map((name) => {
    mkdirSync(join(directory, name));
    return `${name}_temp_path ${join(directory, name)};`;
  });
  const config = join(directory, 'nginx.conf');
  writeFileSync(
    config,
    `${process.getuid?.() === 0 ? 'user root;' : ''}
      daemon off; worker_processes 1; pid ${directory}/pid; error_log ${directory}/error.log;
      events {}
      http { ${temporary.join('\n')}
      ${site} }`,
  );
  const args = ['-e', join(directory, 'error.log'), '-c', config];
  return { command: 'nginx', check: ['-t', ...args], serve: args };
}

export type ProxyName = keyof typeof recipes;

/** Checks a proxy's configuration and runs the proxy in front of gateways. */
export async function startProxy(name: ProxyName, ...gatewayUrls: string[]): Promise<RunningProxy> {
  const directory = mkdtempSync(join(tmpdir(), `luaauth-${name}-`));
  const files = { directory, cert: join(directory, 'cert.pem'), key: join(directory, 'key.pem') };
  writeFileSync(files.cert, selfSigned.cert);
  writeFileSync(files.key, selfSigned.key);
  const [tls, plain] = [Number(await freePort()), Number(await freePort())];
  const recipe = recipes[name](files, {
    gateways: gatewayUrls.map((url) => Number(new URL(url).port)),
    tls,
    plain,
  });
  const check = await runTool(recipe.command, recipe.check, recipe.variables);
  const child: ChildProcess = spawn(recipe.command, recipe.serve, {
    env: { PATH: `${process.env.PATH}:/usr/sbin`, ...recipe.variables },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const ended = once(child, 'close');
  let [stdout, stderr] = ['', ''];
  child.stdout?.on('data', (chunk: Buffer) => {
    stdout += chunk;
  });
  child.stderr?.on('data', (chunk: Buffer) => {
    stderr += chunk;
  });
  for (const port of recipe.isPlain ? [plain] : [tls, plain]) {
    while (!(await isOpen(port))) {
      if (child.exitCode !== null) throw new Error(`${name} has ended:\n${check.output}${stderr}`);
      await delay(20);
    }
  }
  return {
    tlsPort: tls,
    plainPort: plain,
    check,
    log: () =>
      [...(recipe.logFiles ?? []).map((file) => readFileSync(file, 'utf8')), stdout, stderr].join(''),
    async stop() {
      child.kill('SIGTERM');
      await ended;
      rmSync(directory, { recursive: true });
    },
  };
}

async function isOpen(port: number): Promise<boolean> {
  const socket = connect(port, '127.0.0.1');
  try {
    await once(socket, 'connect');
    return true;
  } catch {
    return false;
  } finally {
    socket.destroy();
  }
}
