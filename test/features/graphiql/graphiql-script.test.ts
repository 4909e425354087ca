import { describe, expect, it } from 'vitest';
import { buildRequest, type RequestParts } from '../../../src/features/graphiql/browser/request.ts';
import { type AnswerFacts, describeFacts } from '../../../src/features/graphiql/browser/send.ts';
import type { VisitorCredential } from '../../../src/http/graphiql-options.ts';

const TOKEN: VisitorCredential = {
  header: 'token',
  prefix: '',
  label: 'LuaAuth API key',
  publicKey: 'sandbox-key',
};
const BEARER: VisitorCredential = {
  header: 'authorization',
  prefix: 'Bearer ',
  label: 'Key of this gateway',
  publicKey: '',
};

function requestOf(parts: Partial<RequestParts>) {
  const operation = { query: 'query A { a }', operationName: 'A', variables: { b: 1 } };
  const url = 'http://127.0.0.1:4000/graphql/';
  return buildRequest({
    url,
    operation,
    typedHeaders: {},
    credential: TOKEN,
    key: 'k',
    mode: 'report',
    ...parts,
  });
}

describe('a request of the page', () => {
  it('carries the operation, the key of the field and the wish for the cost', () => {
    expect(requestOf({})).toEqual({
      url: 'http://127.0.0.1:4000/graphql/',
      headers: {
        'content-type': 'application/json',
        accept: 'application/graphql-response+json, application/json;q=0.9, text/event-stream;q=0.8',
        'x-upstream': 'report',
        token: 'k',
      },
      body: '{"query":"query A { a }","variables":{"b":1},"operationName":"A"}',
    });
    expect(requestOf({ credential: BEARER }).headers).toMatchObject({ authorization: 'Bearer k' });
  });

  it('names an operation that the document has, and no other', () => {
    const bodyOf = (query: string, operationName: string | null) =>
      JSON.parse(requestOf({ operation: { query, operationName } }).body);
    const two = 'query A { a } mutation  B($c: ID) { b(c: $c) }';
    expect(bodyOf(two, 'B')).toEqual({ query: two, operationName: 'B' });
    expect(bodyOf('query A { a }', 'B')).toEqual({ query: 'query A { a }' });
    expect(bodyOf('query AB { A }', 'A')).toEqual({ query: 'query AB { A }' });
    expect(bodyOf('{ a }', null)).toEqual({ query: '{ a }' });
  });

  it('carries no header for a key that is not there', () => {
    expect(requestOf({ key: '' }).headers).not.toHaveProperty('token');
    expect(requestOf({ credential: undefined }).headers).not.toHaveProperty('token');
  });

  it('takes what was typed as headers before its own, but a plan is a plan', () => {
    const typedHeaders = { Token: 'typed', 'X-Upstream': 'none', 'x-number': 1 };
    expect(requestOf({ typedHeaders }).headers).toMatchObject({
      token: 'typed',
      'x-upstream': 'none',
      'x-number': '1',
    });
    expect(requestOf({ typedHeaders, mode: 'plan' }).headers).toMatchObject({ 'x-upstream': 'plan' });
  });
});

describe('the line under an answer', () => {
  const FACTS: AnswerFacts = {
    status: 200,
    statusText: 'OK',
    durationMs: 41.6,
    bytes: 233,
    requestId: 'r-1',
    calls: 2,
    isPlan: false,
  };
  const textOf = (facts: Partial<AnswerFacts>) =>
    describeFacts({ ...FACTS, ...facts }).map(({ text }) => text);

  it.each([
    [{}, ['200 OK', '42 ms', '233 B', '2 REST calls', 'request r-1']],
    [{ calls: 1, isPlan: true }, ['200 OK', '42 ms', '233 B', 'at most 1 REST call', 'request r-1']],
    [{ calls: undefined, requestId: null }, ['200 OK', '42 ms', '233 B']],
    [{ durationMs: 2_340, bytes: 1_260 }, ['200 OK', '2.3 s', '1.3 kB', '2 REST calls', 'request r-1']],
    [{ bytes: 2_500_000, calls: 0 }, ['200 OK', '42 ms', '2.5 MB', '0 REST calls', 'request r-1']],
    [{ status: undefined }, ['No answer', '42 ms']],
    // A server that knows no name for it says so.
    [
      { status: 294, statusText: 'unknown', calls: undefined, requestId: null },
      ['294 Partial Success', '42 ms', '233 B'],
    ],
  ])('says of %j: %j', (facts, texts) => {
    expect(textOf(facts)).toEqual(texts);
  });
});
