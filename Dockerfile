# Exact versions, so that the same sources make the same image. Dependabot proposes new versions of both bases, which share one
# version. Packages outside of the lock file have the versions of package-lock.json, and a test checks that.
FROM node:22.23.3-bookworm-slim@sha256:c3de60bf2f9dd0ac6370e6117950ff62d6e339527e7472301c9c78a017978392 AS build
WORKDIR /app
COPY package.json package-lock.json ./
RUN npm ci --ignore-scripts
COPY tsconfig.json tsconfig.build.json ./
COPY scripts/bundle.ts scripts/bundle-graphiql.ts scripts/
COPY src src
# For the page that DASHBOARD=true serves.
COPY schema/schema.graphql schema/
COPY dashboard dashboard
# --build-arg GRAPHIQL=false leaves the GraphiQL page out: 2.4 MB that NODE_ENV=production does not serve.
ARG GRAPHIQL=true
RUN npm run prepack && if [ "$GRAPHIQL" != true ]; then rm -r dist/page; fi

FROM node:22.23.3-alpine@sha256:0a7108bf6c7bf5de370ffb1a3ed6be93d405b43ff159f681a8d18c0e2bc2e402
LABEL org.opencontainers.image.title="luaauth-graphql" \
      org.opencontainers.image.description="One typed GraphQL endpoint in front of the LuaAuth REST API." \
      org.opencontainers.image.licenses="MIT" \
      org.opencontainers.image.source="https://github.com/luaauth-graphql/luaauth-graphql" \
      org.opencontainers.image.documentation="https://github.com/luaauth-graphql/luaauth-graphql#readme"
ENV NODE_ENV=production HOST=0.0.0.0 PORT=4000
WORKDIR /app/gateway
# --build-arg TRACING=true adds the packages for the OTEL_ variables to /app/node_modules. Node looks there after the gateway's
# own packages. npm installs nothing into /node_modules.
ARG TRACING=false
RUN if [ "$TRACING" = true ]; then \
      npm install --prefix /app --no-audit --no-fund --ignore-scripts \
        @opentelemetry/api@1.9.1 \
        @opentelemetry/exporter-trace-otlp-http@0.223.1 \
        @opentelemetry/resources@2.12.1 \
        @opentelemetry/sdk-trace-base@2.12.1 \
      && npm cache clean --force; \
    fi
# --build-arg REDIS=false leaves out the package for REDIS_URL.
ARG REDIS=true
RUN if [ "$REDIS" = true ]; then \
      npm install --prefix /app --no-audit --no-fund --ignore-scripts @redis/client@6.3.1 \
      && npm cache clean --force; \
    fi
# --build-arg METRICS=false leaves out the package for METRICS_PORT and METRICS_KEY.
ARG METRICS=true
RUN if [ "$METRICS" = true ]; then \
      npm install --prefix /app --no-audit --no-fund --ignore-scripts prom-client@15.1.3 \
      && npm cache clean --force; \
    fi
# --build-arg MCP=true adds the package for the variable MCP.
ARG MCP=false
RUN if [ "$MCP" = true ]; then \
      npm install --prefix /app --no-audit --no-fund --ignore-scripts @modelcontextprotocol/server@2.4.0 \
      && npm cache clean --force; \
    fi
COPY package.json package-lock.json ./
RUN npm ci --omit=dev --ignore-scripts && npm cache clean --force
# For the command "schema".
COPY schema/introspection.d.ts schema/relay.graphql schema/schema.graphql schema/subgraph.graphql schema/types.d.ts schema/
COPY --from=build /app/dist dist
COPY --from=build /app/dashboard/dist dashboard/dist
COPY examples/agents/documents examples/agents/documents
# The code that V8 has compiled, for each start by this user with the same flags. It then belongs to root, so that a gateway cannot
# change it.
RUN mkdir -p dist/.compiled && chown node dist/.compiled \
  && echo '{ __typename }' | LUAAUTH_SANDBOX=true su -s /bin/sh -c 'node --max-semi-space-size=32 dist/main.js query -' node \
  && chown -R root dist/.compiled && chmod -R a+rX dist/.compiled
USER node
EXPOSE 4000
HEALTHCHECK --interval=10s --timeout=3s --start-period=15s \
  CMD wget -q -O /dev/null "http://127.0.0.1:$PORT/health"
# See docs/deployment.md for the flag. Further arguments are arguments of the command line: "check", "--read-only".
ENTRYPOINT ["node", "--max-semi-space-size=32", "dist/main.js"]
