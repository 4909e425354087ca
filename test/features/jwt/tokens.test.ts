import { createServer, type Server } from 'node:http';
import { exportJWK, exportSPKI, generateKeyPair, type JWTPayload, SignJWT, UnsecuredJWT } from 'jose';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import { createTokenVerifier } from '../../../src/features/jwt/token-verifier.ts';
import { answerPlainly } from '../../support/api/plain-api.ts';
import { startRecorder } from '../../support/api/recorder.ts';
import { bearer, ringOf, sha256 } from '../../support/clients/keys.ts';
import { openGateway, type TestGateway } from '../../support/gateways/gateway.ts';
import { openLog } from '../../support/gateways/log-lines.ts';
import { freePort } from '../../support/network/free-port.ts';
import { listen } from '../../support/network/listen.ts';
import { eventually } from '../../support/vitest/waiting.ts';

const ISSUER = 'https://id.example.com/';
const AUDIENCE = 'luaauth-gateway';
const NAME = '{ script(id: "mine") { name } }';

type Pair = Awaited<ReturnType<typeof generateKeyPair>>;

/** A server that has public keys; it can be taken down, and brought back with others. */
async function startJwks(pairs: Readonly<Record<string, Pair>>) {
  let body = '';
  let asked = 0;
  const setKeys = async (keys: Readonly<Record<string, Pair>>) => {
    const all = Object.entries(keys).map(async ([kid, { publicKey }]) => ({
      ...(await exportJWK(publicKey)),
      kid,
      alg: 'ES256',
    }));
    body = JSON.stringify({ keys: await Promise.all(all) });
  };
  await setKeys(pairs);
  const server: Server = createServer((_request, response) => {
    asked += 1;
    // A connection that was kept would be reset where a new one is refused.
    response.setHeader('connection', 'close').setHeader('content-type', 'application/json').end(body);
  });
  // Another process may take a port of the system's choice once this server is down, and answer.
  const { url, close } = await listen(server, Number(await freePort()));
  return {
    url: new URL('/jwks', url),
    setKeys,
    setText: (text: string) => {
      body = text;
    },
    asked: () => asked,
    close,
  };
}

const ecPair = () => generateKeyPair('ES256', { extractable: true });

interface Signing {
  readonly pair: Pair;
  readonly kid?: string;
  /** Whether it names the key that it is signed by. */
  readonly namesKey?: boolean;
  readonly claims?: JWTPayload;
  readonly issuer?: string;
  readonly audience?: string;
  readonly expiresIn?: string | undefined;
}

async function sign({ pair, kid = 'one', namesKey = true, claims = {}, ...rest }: Signing): Promise<string> {
  const { issuer = ISSUER, audience = AUDIENCE } = rest;
  const expiresIn = 'expiresIn' in rest ? rest.expiresIn : '5m';
  const token = new SignJWT({ sub: 'somebody', scope: 'scripts:read', ...claims })
    .setProtectedHeader({ alg: 'ES256', ...(namesKey && { kid }) })
    .setIssuer(issuer)
    .setAudience(audience);
  return (expiresIn === undefined ? token : token.setExpirationTime(expiresIn)).sign(pair.privateKey);
}

let pair: Pair;
let other: Pair;
let recorder: Awaited<ReturnType<typeof startRecorder>>;
const warnings: string[] = [];
beforeAll(async () => {
  pair = await ecPair();
  other = await ecPair();
  recorder = await startRecorder(answerPlainly);
});
afterAll(() => recorder.close());
beforeEach(() => {
  recorder.calls.splice(0);
  warnings.splice(0);
});

const { log, lines } = openLog(['held']);

async function open(url: URL): Promise<TestGateway> {
  const tokenVerifier = createTokenVerifier({
    url,
    issuer: ISSUER,
    audience: AUDIENCE,
    warn: (message) => warnings.push(message),
  });
  const keyRing = ringOf([{ name: 'eyJ-is-a-key' }, { name: 'deploy', sha256: sha256('key-of-deploy') }]);
  return openGateway({
    upstream: recorder.url,
    credentials: { heldKey: 'held', keyRing, tokenVerifier },
    observers: log.operations ? [log.operations] : [],
  });
}

const outcomeOf = async (gateway: TestGateway, token: string, document = NAME) => {
  const { errors } = await gateway.execute(document, undefined, bearer(token));
  return errors?.map(({ extensions, message }) => `${extensions.code}: ${message}`).join() ?? 'ok';
};

describe('a token', () => {
  let jwks: Awaited<ReturnType<typeof startJwks>>;
  let gateway: TestGateway;
  beforeAll(async () => {
    jwks = await startJwks({ one: pair });
    gateway = await open(jwks.url);
  });
  afterAll(async () => {
    await gateway.close();
    await jwks.close();
    expect(gateway.logged).toEqual([]);
  });

  it('is known by its signature, and only the key of the gateway goes to LuaAuth', async () => {
    const token = await sign({ pair });
    expect(await outcomeOf(gateway, token)).toBe('ok');
    expect(await outcomeOf(gateway, token)).toBe('ok');
    expect(jwks.asked()).toBe(1);
    expect(recorder.calls.map(({ headers }) => headers.token)).toEqual(['held', 'held']);
    expect(JSON.stringify(recorder.calls.map(({ headers }) => headers))).not.toContain(token);
    await eventually(() => expect(lines.length).toBeGreaterThanOrEqual(2));
    expect(JSON.parse(lines[0] ?? '')).toMatchObject({ caller: 'jwt:somebody' });
    expect(lines.join()).not.toContain(token);
  });

  it('allows its scopes and what its lists reach, and no more', async () => {
    const token = await sign({
      pair,
      claims: { scope: 'openid scripts:read profile', luaauth_scripts: ['mine'] },
    });
    expect(await outcomeOf(gateway, token)).toBe('ok');
    expect(await outcomeOf(gateway, token, '{ script(id: "theirs") { name } }')).toMatch(
      /^FORBIDDEN: .*reach/,
    );
    expect(
      await outcomeOf(gateway, token, 'mutation { deleteScript(input: { id: "mine" }) { __typename } }'),
    ).toMatch(/^FORBIDDEN: The gateway key "jwt:somebody" lacks the scope scripts:delete/);
    expect(recorder.lines()).toEqual(['GET /scripts/mine']);
    const all = await sign({ pair, claims: { scope: '*' } });
    expect(
      await outcomeOf(gateway, all, 'mutation { deleteScript(input: { id: "a" }) { __typename } }'),
    ).toBe('ok');
    const none = await sign({ pair, claims: { scope: 'openid' } });
    expect(await outcomeOf(gateway, none)).toMatch(/^FORBIDDEN/);
  });

  it.each<[string, () => Promise<string> | string, RegExp]>([
    ['of another issuer', () => sign({ pair, issuer: 'https://evil.example.com/' }), /see its "iss"/],
    ['for another audience', () => sign({ pair, audience: 'another' }), /see its "aud"/],
    ['that has expired', () => sign({ pair, expiresIn: '-1m' }), /has expired/],
    ['that never expires', () => sign({ pair, expiresIn: undefined }), /see its "exp"/],
    ['without a name', () => sign({ pair, claims: { sub: undefined } }), /see its "sub"/],
    ['with a name that is none', () => sign({ pair, claims: { sub: 'a\nb' } }), /no usable "sub"/],
    [
      'with a name that is a list',
      () => sign({ pair, claims: { sub: ['admin'] as never } }),
      /no usable "sub"/,
    ],
    ['with a name that is a number', () => sign({ pair, claims: { sub: 7 as never } }), /no usable "sub"/],
    ['signed by somebody else', () => sign({ pair: other }), /not signed by a key/],
    ['that names a key that there is not', () => sign({ pair: other, kid: 'two' }), /not signed by a key/],
    [
      'without a signature',
      () =>
        new UnsecuredJWT({ scope: '*', sub: 'x' })
          .setIssuer(ISSUER)
          .setAudience(AUDIENCE)
          .setExpirationTime('5m')
          .encode(),
      /not signed by a key/,
    ],
    [
      'signed with the public key as a secret',
      async () =>
        new SignJWT({ sub: 'x', scope: '*' })
          .setProtectedHeader({ alg: 'HS256', kid: 'one' })
          .setIssuer(ISSUER)
          .setAudience(AUDIENCE)
          .setExpirationTime('5m')
          .sign(new TextEncoder().encode(await exportSPKI(pair.publicKey))),
      /not signed by a key/,
    ],
    [
      'that was tampered with',
      async () => `${(await sign({ pair })).slice(0, -8)}AAAAAAAA`,
      /not signed by a key/,
    ],
    ['with a scope that is no text', () => sign({ pair, claims: { scope: ['*'] } }), /no usable "scope"/],
    [
      'with a list that is none',
      () => sign({ pair, claims: { luaauth_scripts: 'mine' } }),
      /"luaauth_scripts"/,
    ],
    [
      'with a list of what is no id',
      () => sign({ pair, claims: { luaauth_projects: ['../..'] } }),
      /"luaauth_projects"/,
    ],
    [
      'with a list beside a scope of users',
      () => sign({ pair, claims: { scope: 'users:read', luaauth_scripts: ['mine'] } }),
      /a scope of users/,
    ],
    ['that is none', () => 'eyJhbGciOiJub25lIn0.e30.x', /not signed by a key/],
  ])('%s is refused, at the field, with nothing sent', async (_what, make, reason) => {
    const token = await make();
    const { data, errors } = await gateway.execute(NAME, undefined, bearer(token));
    expect(data).toEqual({ script: null });
    expect(errors).toMatchObject([
      expect.toBeError('UNAUTHENTICATED', { path: ['script'], message: expect.stringMatching(reason) }),
    ]);
    expect(JSON.stringify(errors)).not.toContain(token);
    expect(recorder.calls).toEqual([]);
  });

  it('never has the name of a key, also in the log', async () => {
    const before = lines.length;
    expect(await outcomeOf(gateway, await sign({ pair, claims: { sub: 'deploy' } }))).toBe('ok');
    expect(await outcomeOf(gateway, 'key-of-deploy')).toBe('ok');
    await eventually(() => expect(lines.length).toBeGreaterThanOrEqual(before + 2));
    const callers = lines.slice(before).map((line) => (JSON.parse(line) as { caller: string }).caller);
    expect(callers).toEqual(['jwt:deploy', 'deploy']);
  });

  it('holds no longer than it says, though it was verified before', async () => {
    let token = '';
    // Clocks may differ by five seconds.
    await eventually(async () => {
      token = await sign({ pair, expiresIn: '-2s' });
      expect(await outcomeOf(gateway, token)).toBe('ok');
    });
    await eventually(async () =>
      expect(await outcomeOf(gateway, token)).toMatch(/^UNAUTHENTICATED: This token has expired/),
    );
  });

  it('stands beside keys: what has not the form of one is looked up as a key', async () => {
    expect(await outcomeOf(gateway, 'eyJ-is-a-key')).toBe('ok');
    expect(await outcomeOf(gateway, 'eyJ-is-no-key')).toMatch(
      /^UNAUTHENTICATED: The gateway key in "authorization" is not one of/,
    );
  });
});

describe('the public keys', () => {
  // jose reads the system's clock.
  beforeEach(() => {
    vi.useFakeTimers({ toFake: ['Date'] });
  });
  afterEach(() => {
    vi.useRealTimers();
  });

  it('may change: a new key is fetched once, and a removed key is refused', async () => {
    const jwks = await startJwks({ one: pair });
    const gateway = await open(jwks.url);
    const [before, after] = [await sign({ pair }), await sign({ pair: other, kid: 'two' })];
    expect(await outcomeOf(gateway, before)).toBe('ok');
    await jwks.setKeys({ two: other });
    // Asked again too soon: tokens that name a key can be made up in any number.
    expect(await outcomeOf(gateway, after)).toMatch(/^UNAUTHENTICATED/);
    vi.setSystemTime(Date.now() + 31_000);
    expect(await outcomeOf(gateway, after)).toBe('ok');
    expect(await outcomeOf(gateway, before)).toMatch(/^UNAUTHENTICATED/);
    expect(jwks.asked()).toBe(2);
    for (let index = 0; index < 20; index += 1) {
      await outcomeOf(gateway, await sign({ pair: other, kid: `made-up-${index}` }));
    }
    expect(jwks.asked()).toBe(2);
    await gateway.close();
    await jwks.close();
  });

  it('may be several, and then a token names one of them', async () => {
    const jwks = await startJwks({ one: pair, two: other });
    const gateway = await open(jwks.url);
    expect(await outcomeOf(gateway, await sign({ pair: other, kid: 'two' }))).toBe('ok');
    expect(await outcomeOf(gateway, await sign({ pair, namesKey: false }))).toMatch(
      /^UNAUTHENTICATED: This token names no key in its "kid", and its issuer has several\./,
    );
    await jwks.setKeys({ one: pair });
    vi.setSystemTime(Date.now() + 11 * 60_000);
    expect(await outcomeOf(gateway, await sign({ pair, namesKey: false }))).toBe('ok');
    await gateway.close();
    await jwks.close();
  });

  it('hold on when their server is down, and the log says so', async () => {
    const jwks = await startJwks({ one: pair });
    const gateway = await open(jwks.url);
    expect(await outcomeOf(gateway, await sign({ pair }))).toBe('ok');
    await jwks.close();
    vi.setSystemTime(Date.now() + 11 * 60_000);
    for (let index = 0; index < 5; index += 1) {
      expect(await outcomeOf(gateway, await sign({ pair, claims: { sub: `caller-${index}` } }))).toBe('ok');
    }
    await eventually(() => expect(warnings).toHaveLength(1));
    expect(warnings[0]).toMatch(/cannot be fetched \(ECONNREFUSED\); the previous keys stay in force/);
    await gateway.close();
  });

  it('that cannot be fetched let no caller in, and are fetched as soon as possible', async () => {
    const jwks = await startJwks({ one: pair });
    await jwks.close();
    const gateway = await open(jwks.url);
    expect(await outcomeOf(gateway, await sign({ pair }))).toMatch(
      /^UNAUTHENTICATED: This token cannot be verified now/,
    );
    expect(warnings[0]).toMatch(/no token is accepted$/);
    expect(await outcomeOf(gateway, 'eyJ-is-a-key')).toBe('ok');
    await gateway.close();
  });

  it.each(['', '<html>starting</html>', '{"keys": 7}'])(
    'that could not be read (%s) are asked for again half a minute later',
    async (text) => {
      const jwks = await startJwks({ one: pair });
      jwks.setText(text);
      const gateway = await open(jwks.url);
      const token = await sign({ pair });
      expect(await outcomeOf(gateway, token)).toMatch(/^UNAUTHENTICATED: This token cannot be verified now/);
      await jwks.setKeys({ one: pair });
      expect(await outcomeOf(gateway, token)).toMatch(/^UNAUTHENTICATED/);
      vi.setSystemTime(Date.now() + 31_000);
      expect(await outcomeOf(gateway, token)).toBe('ok');
      expect(jwks.asked()).toBe(2);
      await gateway.close();
      await jwks.close();
    },
  );

  it.each([
    ['a point that is not on its curve', { kty: 'EC', crv: 'P-256', x: 'AA', y: 'AA', alg: 'ES256' }],
    ['a curve that there is not', { kty: 'EC', crv: 'P-1', x: 'AA', y: 'AA', alg: 'ES256' }],
    ['too few bits', { kty: 'RSA', n: 'w'.repeat(64), e: 'AQAB', alg: 'RS256' }],
    ['a member that is no text', { kty: 'EC', crv: 'P-256', x: 7, y: null, alg: 'ES256' }],
  ])(
    'of which one is broken (%s) refuse the tokens that name it, and the log says so once',
    async (_what, broken) => {
      const jwks = await startJwks({ one: pair });
      const good = { ...(await exportJWK(pair.publicKey)), kid: 'one', alg: 'ES256' };
      jwks.setText(JSON.stringify({ keys: [good, { ...broken, kid: 'broken' }] }));
      const gateway = await open(jwks.url);
      const [, payload = ''] = (await sign({ pair })).split('.');
      const header = Buffer.from(JSON.stringify({ alg: broken.alg, kid: 'broken' })).toString('base64url');
      for (const signature of ['AAAA', 'AAAB']) {
        expect(await outcomeOf(gateway, `${header}.${payload}.${signature.repeat(16)}`)).toMatch(
          /^UNAUTHENTICATED: This token (cannot be verified: its issuer has published a broken key|is not signed by a key)/,
        );
      }
      expect(await outcomeOf(gateway, await sign({ pair }))).toBe('ok');
      expect(gateway.logged).toEqual([]);
      expect(warnings.length).toBeLessThanOrEqual(1);
      await gateway.close();
      await jwks.close();
    },
  );

  it('are not read on when there is no end to them', async () => {
    const server = createServer((_request, response) => {
      const more = () => {
        while (response.write(Buffer.alloc(64 * 1024, ' ')));
      };
      response.on('drain', more);
      more();
    });
    const { url, close } = await listen(server);
    const gateway = await open(new URL(url));
    expect(await outcomeOf(gateway, await sign({ pair }))).toMatch(/^UNAUTHENTICATED/);
    expect(warnings).toEqual([expect.stringContaining('cannot be fetched (more than 1000000 bytes)')]);
    await gateway.close();
    await close();
  });
});
