#!/usr/bin/env bash
# Replaces the source of a script with a file: deploy.sh SCRIPT_ID FILE
#
#   LUAAUTH_TOKEN   the LuaAuth API key, where callers send their own; or
#   GATEWAY_KEY     a key of the gateway's own, where it holds the LuaAuth key
#   GATEWAY_URL     http://127.0.0.1:4000/graphql if not set
#
# Exit codes:
#   0  the script has the new source
#   2  something is missing or wrong here, such as the key; nothing was changed
#   3  it went wrong, and the script has its old source: the same again may do
#   4  LuaAuth refused, and will again until something is changed
#   5  nobody knows whether the script has the new source: look before doing it again, each update may be a new version
#
# LuaAuth takes up to 100 s for an update. Needs bash, curl and jq.
set -euo pipefail

fail() {
  printf '%s\n' "$2" >&2
  exit "$1"
}

for tool in curl jq; do
  command -v "$tool" >/dev/null || fail 2 "$tool is not installed."
done
[ $# -eq 2 ] || fail 2 "Usage: deploy.sh SCRIPT_ID FILE"
script=$1 file=$2
url=${GATEWAY_URL:-http://127.0.0.1:4000/graphql}
if [ -n "${GATEWAY_KEY:-}" ]; then
  credential="authorization: Bearer $GATEWAY_KEY"
elif [ -n "${LUAAUTH_TOKEN:-}" ]; then
  credential="token: $LUAAUTH_TOKEN"
else
  fail 2 "Set LUAAUTH_TOKEN or GATEWAY_KEY."
fi
[[ $url =~ ^https?:// ]] || fail 2 "GATEWAY_URL does not begin with https:// or http://."
[ -r "$file" ] || fail 2 "$file cannot be read."
[ -s "$file" ] || fail 2 "$file is empty."
# JSON is text: any other byte would reach LuaAuth as a replacement character.
jq -jRs . <"$file" 2>/dev/null | cmp -s - "$file" || fail 2 "$file is not UTF-8."

document='mutation Deploy($input: UpdateScriptInput!) {
  updateScript(input: $input) {
    __typename
    ... on InvalidFields { fields { path messages } }
    ... on NotPermitted { reasons }
    ... on Refusal { message }
  }
}'

lost() {
  fail 5 "$1: the script may have the new source or the old one. Wait two minutes, then look in the LuaAuth dashboard or run it."
}

# The key and the source go by pipes: the arguments of a process can be read by others on the machine.
code=0
answer=$(
  jq -n --arg query "$document" --arg id "$script" --rawfile source "$file" \
    '{query: $query, variables: {input: {id: $id, source: $source}}}' |
    curl --silent --show-error --max-time 125 --data-binary @- \
      --header 'content-type: application/json' --header @<(printf '%s\n' "$credential") "$url"
) || code=$?
case $code in
  0) ;;
  # No URL, no such host, no connection, no TLS: nothing was sent.
  3 | 5 | 6 | 7 | 35 | 60) fail 3 "The gateway cannot be reached; nothing was changed." ;;
  *) lost "There was no answer" ;;
esac

type=$(jq -r '.data.updateScript.__typename // empty' <<<"$answer" 2>/dev/null) ||
  lost "The answer is not the gateway's"
case $type in
  UpdateScriptSuccess)
    echo "Updated $script."
    ;;
  ?*)
    fail 4 "LuaAuth refused ($type): $(jq -r '
      .data.updateScript
      | [.message // empty, (.reasons // [] | .[]), (.fields // [] | .[] | "\(.path | join(".")): \(.messages | join(", "))")]
      | join("; ")' <<<"$answer")"
    ;;
  *)
    what=$(jq -r '[.errors[]? | "\(.extensions.code): \(.message)"] | join("; ")' <<<"$answer")
    [ -n "$what" ] || lost "The answer is not the gateway's"
    if jq -e 'any(.errors[]?; .extensions.outcome == "UNKNOWN")' <<<"$answer" >/dev/null; then
      fail 5 "$what"
    fi
    if jq -e 'any(.errors[]?; .extensions.code | IN("UNAUTHENTICATED", "FORBIDDEN", "BAD_USER_INPUT"))' <<<"$answer" >/dev/null; then
      fail 2 "$what"
    fi
    fail 3 "$what"
    ;;
esac
