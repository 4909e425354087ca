#!/bin/sh
# Runs the clients' generators on schema and documents: types, Relay's artifacts, lists of documents.
set -e
# Relay's compiler lists only the documents that it writes anew.
rm -rf src/relay/__persisted__
mkdir -p src/relay/__generated__ src/relay/__persisted__ manifests
echo '{}' > manifests/relay.json
graphql-codegen --config codegen.ts --silent
relay-compiler relay.config.json
relay-compiler relay.persisted.json
generate-persisted-query-manifest --config persisted-query-manifest.config.ts
