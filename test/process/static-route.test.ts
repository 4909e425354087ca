import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Sandbox, startSandbox } from '../../src/features/sandbox/server.ts';
import { createStaticRoute } from '../../src/server/static-file.ts';
import { openRaw } from '../support/clients/raw-http.ts';
import { openGateway, type TestGateway } from '../support/gateways/gateway.ts';

const SCRIPT = `console.log(${JSON.stringify('a script '.repeat(300))});\n`;
const SECRET = 'what stands beside the folder';

let outside: string;
let sandbox: Sandbox;
let gateway: TestGateway;

beforeAll(async () => {
  outside = mkdtempSync(join(tmpdir(), 'luaauth-graphql-static-'));
  const folder = join(outside, 'dist');
  mkdirSync(join(folder, 'assets'), { recursive: true });
  writeFileSync(join(folder, 'index.html'), '<!doctype html><title>Page</title>');
  writeFileSync(join(folder, 'assets/index-a1b2c3.js'), SCRIPT);
  writeFileSync(join(folder, 'assets/index-a1b2c3.js.map'), '{}');
  writeFileSync(join(outside, 'secret.html'), SECRET);
  symlinkSync(join(outside, 'secret.html'), join(folder, 'link.html'));
  sandbox = await startSandbox({ rate: 0 });
  gateway = await openGateway({
    upstream: sandbox.url,
    pages: [await createStaticRoute('/dashboard', folder)],
  });
});
afterAll(async () => {
  await gateway.close();
  await sandbox.close();
  rmSync(outside, { recursive: true });
});

const get = (path: string, init: RequestInit = {}) =>
  fetch(gateway.url + path, { redirect: 'manual', ...init });

describe('a folder with a page', () => {
  it('is served at its path, from the folder on', async () => {
    const redirect = await get('/dashboard');
    expect([redirect.status, redirect.headers.get('location')]).toEqual([302, 'dashboard/']);
    for (const path of ['/dashboard/', '/dashboard/index.html', '/dashboard/?theme=dark']) {
      const page = await get(path);
      expect([path, page.status, page.headers.get('content-type'), await page.text()]).toEqual([
        path,
        200,
        'text/html; charset=utf-8',
        '<!doctype html><title>Page</title>',
      ]);
    }
  });

  it('runs only its own files, and speaks to the gateway alone', async () => {
    const { headers } = await get('/dashboard/');
    const policy = headers.get('content-security-policy');
    expect(policy).toContain("default-src 'none'; script-src 'self'; style-src 'self'");
    expect(policy).toContain("connect-src 'self'");
    expect(policy).toContain("frame-ancestors 'none'");
    expect(policy).not.toContain('unsafe');
    expect([headers.get('x-content-type-options'), headers.get('referrer-policy')]).toEqual([
      'nosniff',
      'no-referrer',
    ]);
  });

  it('is asked for again each time, and its files, whose names change with them, are not', async () => {
    const page = await get('/dashboard/');
    expect(page.headers.get('cache-control')).toBe('private, no-cache');
    const etag = page.headers.get('etag') ?? '';
    const again = await get('/dashboard/', { headers: { 'if-none-match': etag } });
    expect([again.status, await again.text()]).toEqual([304, '']);
    const script = await get('/dashboard/assets/index-a1b2c3.js');
    expect([script.headers.get('content-type'), script.headers.get('cache-control')]).toEqual([
      'text/javascript; charset=utf-8',
      'public, max-age=31536000, immutable',
    ]);
  });

  it.each(['br', 'gzip', 'identity'])('is sent as %s to who accepts that', async (encoding) => {
    const response = await get('/dashboard/assets/index-a1b2c3.js', {
      headers: { 'accept-encoding': encoding },
    });
    expect(response.headers.get('content-encoding')).toBe(encoding === 'identity' ? null : encoding);
    expect(await response.text()).toBe(SCRIPT);
  });

  it('has an answer without a body to HEAD', async () => {
    const response = await get('/dashboard/', { method: 'HEAD' });
    expect([response.status, await response.text()]).toEqual([200, '']);
  });

  it.each([
    '/dashboard/../secret.html',
    '/dashboard/%2e%2e/secret.html',
    '/dashboard/..%2fsecret.html',
    '/dashboard/assets/..%5c..%5c..%5csecret.html',
    '/dashboard//secret.html',
    '/dashboard/link.html',
    '/dashboard/assets/',
    '/dashboard/assets/index-a1b2c3.js.map',
    '/dashboards',
  ])('leads to nothing else: %s', async (path) => {
    // The path is sent as it is: fetch would tidy it up.
    const raw = await openRaw(gateway.url);
    raw.socket.write(`GET ${path} HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n`);
    const answer = await raw.closed;
    expect([answer.slice(0, 12), answer.includes(SECRET)]).toEqual(['HTTP/1.1 404', false]);
  });

  it('takes no operations', async () => {
    const response = await get('/dashboard/', { method: 'POST', body: '{}' });
    expect(response.status).toBe(404);
    expect(sandbox.calls).toEqual([]);
  });
});
