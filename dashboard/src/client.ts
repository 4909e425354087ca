import { Client, cacheExchange, fetchExchange, mapExchange } from 'urql';

/** Tells `onAnswer` of every answer from the gateway, with the REST calls that it has cost. */
export function createClient(key: string, onAnswer: (calls: number) => void): Client {
  return new Client({
    // From /dashboard/ of the gateway, from / of a server of its own, and where a proxy puts both below a path.
    url: new URL('../graphql', location.href).href,
    exchanges: [
      cacheExchange,
      mapExchange({
        onResult({ extensions, operation }) {
          if (operation.context.isQuiet) return;
          onAnswer(Number(extensions?.upstream?.calls ?? 0));
        },
      }),
      fetchExchange,
    ],
    // A LuaAuth API key, a key of the gateway and a JSON Web Token are all sent like this.
    fetchOptions: { headers: { ...(key && { authorization: `Bearer ${key}` }), 'x-upstream': 'report' } },
    fetchSubscriptions: true,
    // By GET, a query would leave its variables in the access logs of proxies.
    preferGetMethod: false,
    requestPolicy: 'cache-and-network',
  });
}
