import { describe, expect, it } from 'vitest';
import { sendProxyPage } from '../../../src/features/sandbox/faults.ts';
import { seeded } from '../../../src/features/sandbox/seed-data.ts';
import { ENDPOINTS } from '../../../src/luaauth/endpoints.ts';
import { wireProject, wireScript, wireSession, wireUser } from '../../support/api/plain-api.ts';
import { json, type Respond } from '../../support/api/recorder.ts';
import { useCommands } from '../../support/processes/commands-here.ts';

const KEY = 'sentinel-key-7c1e';
const around = { files: { token: KEY } };

const { run, record, sandboxed } = useCommands();

/** The lines of findings about reads. */
const readsIn = (stdout: string) => {
  const all = stdout.replaceAll(/\n {10,}/g, '\n      ').split('\n');
  return all.slice(all.findIndex((line) => /^\w+ +Read /.test(line))).filter((line) => line !== '');
};

describe('check --probe', () => {
  const reads = ENDPOINTS.all.filter(({ kind }) => kind === 'read').map(({ route }) => route);
  const args = (url: string) => ['check', '--probe', '--api-url', url, '--token-file', 'token'];

  it('makes each documented read once, and has a line for it', async () => {
    const { url, calls } = await sandboxed();
    const around = { files: { token: 'sandbox-key' } };
    const { code, stdout, stderr } = await run([...args(url), '--script', seeded.scriptId], around);
    expect([code, stderr]).toEqual([0, '']);
    const lines = readsIn(stdout);
    const routes = lines.map((line) => /Read +(\w+ [^ ]+):/.exec(line)?.[1]);
    expect(routes.sort()).toEqual(reads.toSorted());
    expect(lines.filter((line) => /: HTTP 200, \d+ ms, as documented\.$/.test(line))).toHaveLength(11);
    expect(calls).toHaveLength(11);
    const isRead = ({ method, path }: (typeof calls)[number]) =>
      method === 'GET' || /^\/scripts\/\w+\/sessions$/.test(path);
    expect(calls.filter((call) => !isRead(call))).toEqual([]);
    for (const value of ['Nightfall', seeded.sessionId, seeded.jobId, 'sandbox-key'])
      expect(stdout).not.toContain(value);
  });

  it('over the sandbox needs nothing, and is one object of JSON with --json', async () => {
    const { code, stdout } = await run(['check', '--probe', '--json']);
    const { ok, findings } = JSON.parse(stdout);
    expect([code, ok, findings.length]).toEqual([0, true, 2 + reads.length]);
    expect(findings[2]).toEqual({
      level: 'ok',
      subject: 'Read',
      fact: expect.stringMatching(/^GET \/scripts\/:script_id: HTTP 200, \d+ ms, as documented\.$/),
    });
  });

  it('names each of twenty differences by name and type, and prints no value', async () => {
    const { enabled: _enabled, ...script } = wireScript('a', {
      name: ['sentinel'],
      kick_outdated: null,
      total_executions: 'sentinel',
      tags: ['sentinel'],
    });
    const { name: _name, ...project } = wireProject('p', {
      fingerprint_reset_cooldown: -987_654,
      execution_webhook: 987_654,
      owner: 'sentinel',
    });
    const withKey = { ...wireSession('a', 'sentinel'), user_key: 'u' };
    const { job_id: _jobId, ...session } = { ...wireSession('a', 'sentinel'), created_at: 'sentinel' };
    const user = wireUser('u', { key_expires: 'sentinel', blacklisted: 987_654, S3nt1n3l9876: 1 });
    const system = { id: 's', project_id: 'p', name: 'sentinel', key_duration: 1, max_keys: true };
    const answers: Readonly<Record<string, object>> = {
      'GET /scripts/a': { script, took_ms: 987_654 },
      'GET /projects/project': { project },
      'GET /projects/project/executions': { executions: { 'sentinel - a': { sentinel: 'sentinel' } } },
      'GET /scripts/a/executions': { executions: [] },
      'POST /scripts/a/sessions': {
        sessions: [withKey, { ...session, ip: 'sentinel' }],
      },
      'GET /users/u': { user },
      'GET /ads/systems': { systems: [{ ...system, allow_extending: true, max_duration: 1 }] },
      'GET /ads/providers': { providers: { sentinel: [{ id: 'sentinel', name: 'sentinel', info: null }] } },
    };
    const recorder = await record(({ line }, response) => {
      const refusal = { code: -1, message: `unauthorized or invalid request`, failed: [KEY] };
      const answer = answers[line];
      json(response, answer ? { success: true, ...answer } : { success: false, error: refusal });
    });
    const { code, stdout } = await run([...args(recorder.url), '--script', 'a'], around);
    expect(code).toBe(1);
    expect(stdout).not.toMatch(/sentinel|987|S3nt/);
    const lines = readsIn(stdout);
    const differences = lines.filter((line) => line.startsWith(' ')).map((line) => line.trim());
    expect(differences).toEqual([
      'type     script.name: documented string, found list',
      'type     script.kick_outdated: documented boolean, found null',
      'missing  script.enabled: documented boolean',
      'type     script.total_executions: documented whole number from 0 on, found string',
      'new      script.tags: list',
      'new      took_ms: number',
      'missing  executions.total: documented object',
      'type     executions.*.*: documented whole number from 0 on, found string',
      'type     executions: documented object, found list',
      'missing  sessions[].job_id: documented string',
      'type     sessions[].created_at: documented Unix time in ms, found string',
      'new      sessions[].ip: string',
      'type     systems[].max_keys: documented whole number from 0 on, found boolean',
      'missing  providers.*[].type: documented string',
      'missing  project.name: documented string',
      'type     project.fingerprint_reset_cooldown: documented whole number from 0 on, found number',
      'type     project.execution_webhook: documented string or null, found number',
      'new      project.owner: string',
      'type     user.key_expires: documented Unix time in ms or null, found string',
      'type     user.blacklisted: documented boolean, found number',
      'new      user.?: number',
    ]);
    expect(lines.filter((line) => line.includes('GET /sessions/')).join()).toMatch(
      /^note {2}Read {11}GET \/sessions\/:session_id: HTTP 200, \d+ ms, refused: "/,
    );
    expect(recorder.calls).toHaveLength(11);
  });

  const FAILURES: [what: string, respond: Respond, fact: RegExp][] = [
    ['a page', (_call, response) => void response.end('<html>'), /is not the LuaAuth API: it is not JSON/],
    [
      'a challenge of Cloudflare',
      (_call, response) => sendProxyPage(response, { status: 403, by: 'cloudflare' }),
      /Cloudflare in front of LuaAuth refuses this machine \(ray 8f1a2b3c4d5e6f70-FRA\)/,
    ],
  ];
  it.each(FAILURES)('asks no more after %s, and says what to do', async (_what, respond, fact) => {
    const recorder = await record(respond);
    const { code, stdout } = await run([...args(recorder.url), '--script', 'a'], around);
    expect(code).toBe(1);
    expect(stdout).toMatch(fact);
    expect(stdout).toMatch(/GET \/ads\/systems: not asked: an earlier read had no answer\./);
    expect(recorder.lines()).toEqual(['GET /scripts/a']);
  });

  it.each([
    [['--probe', '--script', 'a/..'], /'a\/\.\.' is invalid. An id is 1 to 128 letters/],
    [['--probe', 'sentinel'], /too many arguments for 'check'/],
    [['--probe', '--api-url', 'https://127.0.0.1:9'], /--probe needs a key\. Set LUAAUTH_TOKEN/],
  ])('refuses %j with words', async (given, problem) => {
    const { code, stdout, stderr } = await run(['check', ...given]);
    expect([code, stdout]).toEqual([2, '']);
    expect(stderr).toMatch(problem);
    expect(stderr).not.toContain('sentinel');
  });
});
