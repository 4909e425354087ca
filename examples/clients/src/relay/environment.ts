import { Environment, Network, RecordSource, Store } from 'relay-runtime';

/** Relay: the text of a document, or its id when the compiler was told to persist. */
export function createRelayEnvironment(
  url: string,
  key: string,
  onFieldError: (problem: string) => void = console.error,
): Environment {
  const network = Network.create(async ({ id, text }, variables) => {
    const response = await fetch(url, {
      method: 'POST',
      headers: { 'content-type': 'application/json', token: key },
      body: JSON.stringify({ ...(id ? { doc_id: id } : { query: text }), variables }),
    });
    return response.json();
  });
  return new Environment({
    network,
    store: new Store(new RecordSource()),
    // Relay throws "check server logs" for a field that failed; what the gateway said of it arrives here.
    relayFieldLogger(event) {
      if (event.kind === 'relay_field_payload.error') onFieldError(event.error.message);
    },
    // Ids are LuaAuth's own, unique among what is of one type only.
    getDataID: ({ id }, typename) => (id === undefined ? undefined : `${typename}:${id}`),
  });
}
