import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { fetchQuery } from 'relay-runtime';
import { describe, expect, it } from 'vitest';
import { SCRIPT as APOLLO_SCRIPT, createApollo } from '../src/apollo.ts';
import { createAutomaticLink, createManifestLink, type Manifest } from '../src/apollo-persisted.ts';
import { ask } from '../src/fetch.ts';
import type { ScriptQuery } from '../src/relay/__persisted__/ScriptQuery.graphql.ts';
import RELAY_SCRIPT from '../src/relay/__persisted__/ScriptQuery.graphql.ts';
import { createRelayEnvironment } from '../src/relay/environment.ts';
import { createTypedClient, SCRIPT as TYPED_SCRIPT } from '../src/typed/client.ts';
import { sandboxKeys, seeded, useGateway } from './support/fixture.ts';

const file = (path: string) => fileURLToPath(new URL(`../${path}`, import.meta.url));
const only = (path: string) => ({ PERSISTED_DOCUMENTS: 'only', PERSISTED_DOCUMENTS_FILE: file(path) });
const apolloManifest = (): Manifest => JSON.parse(readFileSync(file('manifests/apollo.json'), 'utf8'));
const key = sandboxKeys.full;
const { scriptId: id } = seeded;

describe('a gateway that clients register documents with', () => {
  const fixture = useGateway();

  it("knows Apollo Client's document by its hash once the client has registered it", async () => {
    const documentId = apolloManifest().operations.find(({ name }) => name === 'ApolloScript')?.id;
    const isKnown = async () => {
      const parameters = { documentId: `sha256:${documentId}`, variables: JSON.stringify({ id }) };
      const headers = { token: key, 'x-graphql-csrf': '1' };
      return (
        (await (await fetch(`${fixture.url}?${new URLSearchParams(parameters)}`, { headers })).json()).data !=
        null
      );
    };
    expect(await isKnown()).toBe(false);
    const client = createApollo(fixture.url, key, createAutomaticLink());
    const { data } = await client.query({ query: APOLLO_SCRIPT, variables: { id, first: 1 } });
    expect(data?.script?.name).toBe('Nightfall Hub');
    expect(await isKnown()).toBe(true);
  });
});

describe("a gateway that runs Apollo's manifest and nothing else", () => {
  const fixture = useGateway(only('manifests/apollo.json'));
  it('answers Apollo Client, which sends ids only', async () => {
    const client = createApollo(
      fixture.url,
      key,
      createManifestLink(async () => apolloManifest()),
    );
    const { data } = await client.query({ query: APOLLO_SCRIPT, variables: { id, first: 1 } });
    expect(data?.script?.sessions?.edges).toHaveLength(1);
  });

  it('refuses everybody else, with a code', async () => {
    const { data, errors } = await ask(fixture.url, key, '{ __typename }');
    expect(data).toBeUndefined();
    expect(errors?.map(({ extensions }) => extensions.code)).toEqual(['PERSISTED_DOCUMENTS_ONLY']);
  });
});

describe("a gateway that runs Relay's list and nothing else", () => {
  const fixture = useGateway(only('manifests/relay.json'));

  it('answers Relay, which sends doc_id', async () => {
    const environment = createRelayEnvironment(fixture.url, key);
    expect(RELAY_SCRIPT.params.text).toBeNull();
    await fetchQuery<ScriptQuery>(environment, RELAY_SCRIPT, { id }).toPromise();
    expect(environment.getStore().getSource().get(`Script:${id}`)?.name).toBe('Nightfall Hub');
  });
});

describe("a gateway that runs graphql-codegen's list and nothing else", () => {
  const fixture = useGateway(only('src/typed/gql/persisted-documents.json'));

  it('answers the typed client, which sends documentId', async () => {
    const { data } = await createTypedClient(fixture.url, key, { byId: true })(TYPED_SCRIPT, { id });
    expect(data?.script?.name).toBe('Nightfall Hub');
  });

  it('answers a link with the id in its path', async () => {
    const [documentId = ''] = Object.keys(
      JSON.parse(readFileSync(file('src/typed/gql/persisted-documents.json'), 'utf8')),
    );
    const link = `${fixture.url}/${documentId}?${new URLSearchParams({ variables: JSON.stringify({ id }) })}`;
    const response = await fetch(link, { headers: { token: key, 'x-graphql-csrf': '1' } });
    expect(await response.json()).toMatchObject({ data: { script: { name: 'Nightfall Hub' } } });
  });
});
