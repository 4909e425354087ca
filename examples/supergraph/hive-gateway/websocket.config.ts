import { defineConfig } from '@graphql-hive/gateway';
import { gatewayConfig as overHttp } from './gateway.config.ts';

/** The same with subscriptions over WebSockets, one for each key: `npx hive-gateway supergraph -c websocket.config.ts`. */
export const gatewayConfig = defineConfig({
  ...overHttp,
  transportEntries: {
    luaauth: {
      options: {
        method: 'POST',
        subscriptions: {
          kind: 'ws',
          options: {
            // The caller's LuaAuth key. A header that is absent is empty here, which is as good as none.
            connectionParams: {
              token: '{context.headers.token}',
              authorization: '{context.headers.authorization}',
            },
          },
        },
      },
    },
  },
});
