import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { freePort, type Running, startProcess, waitUntil } from './process.ts';
import { createFolder } from './temporary.ts';
import {
  executionsAnswer,
  idPrefix,
  SESSION_COUNTS,
  scriptAnswer,
  serverSessionsAnswer,
  sessionsAnswer,
} from './upstream-data.ts';

export interface Upstream {
  readonly url: string;
  /** How many requests have arrived so far. */
  countRequests(): Promise<number>;
  stop(): Promise<void>;
}

/** Starts nginx on loopback as the REST API: one process, from a configuration of its own in a temporary folder. */
export async function startUpstream(): Promise<Upstream> {
  const folder = createFolder();
  const port = await freePort();
  mkdirSync(join(folder, 'temp'));
  writeFileSync(join(folder, 'nginx.conf'), configuration(folder, port));
  const nginx: Running = startProcess({
    name: 'nginx',
    command: 'nginx',
    args: ['-p', folder, '-c', join(folder, 'nginx.conf'), '-e', join(folder, 'error.log')],
    env: {},
    cwd: folder,
  });
  const url = `http://127.0.0.1:${port}`;
  await waitUntil(nginx, async () => (await fetch(`${url}/executions-probe`)).status === 404);
  return {
    url,
    async countRequests() {
      const page = await (await fetch(`${url}/status`)).text();
      // "server accepts handled requests", and below it the three totals.
      return Number(/^ \d+ \d+ (\d+)/m.exec(page)?.[1]);
    },
    stop: nginx.stop,
  };
}

const ID = '(?<id>5c[0-9a-f]{22})';

function configuration(folder: string, port: number): string {
  return `
daemon off;
master_process off;
worker_processes 1;
pid ${folder}/nginx.pid;
events { worker_connections 4096; }
http {
  access_log off;
  default_type application/json;
  keepalive_timeout 65s;
  keepalive_requests 1000000000;
  ${['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'].map((name) => `${name}_temp_path ${folder}/temp/${name};`).join('\n  ')}
  server {
    listen 127.0.0.1:${port} backlog=1024;
    location = /status { stub_status; }
    location / { return 404 '{"success":false,"error":{"code":-1,"message":"invalid endpoint"}}'; }
    ${location('GET', `^/scripts/${ID}$`, scriptAnswer('$id'))}
    ${location('GET', `^/scripts/${ID}/executions$`, executionsAnswer())}
    ${SESSION_COUNTS.map((count) => {
      const script = `^/scripts/(?<id>${idPrefix(count)}[0-9a-f]{18})`;
      return [
        location('POST', `${script}/sessions$`, sessionsAnswer('$id', count)),
        location('GET', `${script}/sessions/filter$`, serverSessionsAnswer('$id', count, '$arg_job_id')),
      ].join('\n    ');
    }).join('\n    ')}
  }
}
`;
}

/** nginx takes no longer text at once. */
const MAX_TEXT = 4_000;

/** In the answer, nginx's variables stand for the parts that differ between requests. */
function location(method: 'GET' | 'POST', path: string, answer: object): string {
  const pieces = cutBetweenObjects(JSON.stringify(answer));
  return `location ~ "${path}" {
      if ($request_method != ${method}) { return 405; }
      ${pieces.map((piece, index) => `set $piece${index} '${piece}';`).join('\n      ')}
      return 200 "${pieces.map((_, index) => `$piece${index}`).join('')}";
    }`;
}

function cutBetweenObjects(json: string): string[] {
  const pieces: string[] = [];
  for (const object of json.split(/(?<=\},)/)) {
    const last = pieces.at(-1);
    if (last !== undefined && last.length + object.length <= MAX_TEXT)
      pieces.push(`${pieces.pop()}${object}`);
    else pieces.push(object);
  }
  return pieces;
}
