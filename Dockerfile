FROM node:22-slim AS build
WORKDIR /app
COPY package.json package-lock.json ./
RUN npm ci --ignore-scripts
COPY tsconfig.json tsconfig.build.json ./
COPY src src
RUN npm run build

FROM node:22-alpine
ENV NODE_ENV=production HOST=0.0.0.0 PORT=4000
WORKDIR /app
# --build-arg TRACING=true adds what the OTEL_ variables need. It stands above the gateway's own packages, where Node
# looks next.
ARG TRACING=false
RUN if [ "$TRACING" = true ]; then \
      npm install --prefix / --no-audit --no-fund --ignore-scripts \
        @opentelemetry/exporter-trace-otlp-http@^0.223.1 \
        @opentelemetry/resources@^2.12.1 \
        @opentelemetry/sdk-trace-base@^2.12.1 \
      && npm cache clean --force; \
    fi
# --build-arg REDIS=false leaves out what REDIS_URL needs.
ARG REDIS=true
RUN if [ "$REDIS" = true ]; then \
      npm install --prefix / --no-audit --no-fund --ignore-scripts @redis/client@^6.3.0 \
      && npm cache clean --force; \
    fi
COPY package.json package-lock.json ./
# --build-arg GRAPHIQL=false leaves the GraphiQL page out, 18 MB that NODE_ENV=production does not serve anyway.
ARG GRAPHIQL=true
RUN npm ci --omit=dev $([ "$GRAPHIQL" = true ] || echo --omit=optional) --ignore-scripts && npm cache clean --force
# For the command "schema".
COPY schema/schema.graphql schema/subgraph.graphql schema/
COPY --from=build /app/dist dist
USER node
EXPOSE 4000
HEALTHCHECK --interval=10s --timeout=3s --start-period=15s \
  CMD wget -q -O /dev/null "http://127.0.0.1:$PORT/health"
# Further arguments are those of the command line: "check", "--read-only".
ENTRYPOINT ["node", "dist/main.js"]
