import { answerPlainly, answerRateLimited, wireScript } from '../support/api/plain-api.ts';
import { json, type Recorded, type Respond } from '../support/api/recorder.ts';

/** All that a request carries which must not come back. */
const everything = ({ headers, body, line }: Recorded) =>
  `${headers.token} ${body} ${decodeURIComponent(line)}`;

/** The source of a script as it stands in a body, or all of the body. */
function sourceIn({ body }: Recorded): string {
  return body.startsWith('{') ? String((JSON.parse(body) as { script?: string }).script) : body;
}

const quoteInRefusal =
  (code: number, message: string, status = 200): Respond =>
  (recorded, response) => {
    const error = { code, message: `${message} ${everything(recorded)}` };
    json(response, { success: false, error }, status);
  };

const quoteInReasons: Respond = (recorded, response) => {
  const failed = [everything(recorded), sourceIn(recorded), sourceIn(recorded).slice(30, 150)];
  json(response, { success: false, error: { code: -1, message: 'unauthorized or invalid request', failed } });
};

const quoteInFields: Respond = (recorded, response) => {
  const told = everything(recorded);
  const part = `near line 2: ${sourceIn(recorded).slice(30)}`;
  const failed = [
    { field: 'script', errors: [part, { message: told, errors: [sourceIn(recorded), part] }] },
    { field: told, errors: ['is not a field'] },
  ];
  json(response, { success: false, error: { code: -1, message: 'unauthorized or invalid request', failed } });
};

/** The quotation stands where the gateway cuts off what is too long. */
const quoteAtLength: Respond = (recorded, response) => {
  const message = 'x'.repeat(490) + everything(recorded);
  json(response, { success: false, error: { code: 5, message } });
};

const quoteInPage =
  (status: number): Respond =>
  (recorded, response) => {
    const told = everything(recorded);
    response.writeHead(status, { 'x-echo': encodeURIComponent(told) }).end(`<html>${told}</html>`);
  };

const quoteInLocation: Respond = (recorded, response) =>
  void response.writeHead(302, { location: `/?${encodeURIComponent(everything(recorded))}` }).end();

const quoteInWrongTypes: Respond = (recorded, response) => {
  const told = [everything(recorded)];
  const script = wireScript('a', { name: told, enabled: told, id: told });
  json(response, { success: true, script, sessions: told[0], executions: told[0] });
};

const quoteOutsideHttp: Respond = (recorded) => void recorded.socket.end(`${everything(recorded)}\r\n\r\n`);

const quoteInHalf: Respond = (recorded, response) => {
  response.writeHead(200, { 'content-length': 100_000 });
  response.write(JSON.stringify({ success: true, said: everything(recorded) }), () => response.destroy());
};

/** Ways in which an API could hand back what it was sent; the last ones make the gateway stop asking for a while. */
export const LEAKS: readonly (readonly [title: string, respond: Respond])[] = [
  ['a refusal that quotes it', quoteInRefusal(-1, 'unauthorized or invalid request')],
  ['reasons that quote it', quoteInReasons],
  ['invalid fields that quote it', quoteInFields],
  ['an unknown refusal that quotes it', quoteInRefusal(77, 'no')],
  ['a documented refusal that quotes it', quoteInRefusal(0, 'account expired')],
  ['a refusal at great length', quoteAtLength],
  ['an internal error that quotes it', quoteInRefusal(-1, 'internal server error', 500)],
  ['a page that quotes it', quoteInPage(200)],
  ['a redirect that quotes it', quoteInLocation],
  ['wrong types that quote it', quoteInWrongTypes],
  ['bytes that are not HTTP and quote it', quoteOutsideHttp],
  ['a page under 502 that quotes it', quoteInPage(502)],
  ['half of a body that quotes it', quoteInHalf],
  ['a page under 503 that quotes it', quoteInPage(503)],
  ['a page under 429 that quotes it', quoteInPage(429)],
  ['a reset', ({ socket }) => void socket.resetAndDestroy()],
  ['silence', () => undefined],
  ['ratelimited', (_recorded, response) => answerRateLimited(response)],
];

/** Leaks wherever a secret travels: the script that the other reads hang on is answered. */
export function leakExceptScript(leak: Respond): Respond {
  return (recorded, response) =>
    recorded.line === 'GET /scripts/a' ? answerPlainly(recorded, response) : leak(recorded, response);
}
