"""Says of a licence key whether it may execute, and blacklists it: licence.py KEY [REASON]

LUAAUTH_TOKEN is the LuaAuth API key, or a key of the gateway; GATEWAY_URL is http://127.0.0.1:4000/graphql if not set.
Exits with 1 if something failed, and with 2 if LuaAuth refused.
"""

import os
import sys

from luaauth import ask

LOOK_UP = """
query LookUp($key: ID!) {
  user(key: $key) { executions keyExpiresAt blacklist { reason expiresAt } }
}
"""

BLACKLIST = """
mutation Blacklist($key: ID!, $reason: String) {
  blacklistUser(input: { key: $key, reason: $reason }) {
    __typename
    ... on Refusal { message }
  }
}
"""


def main(key, reason=None):
    url = os.environ.get("GATEWAY_URL", "http://127.0.0.1:4000/graphql")
    token = os.environ["LUAAUTH_TOKEN"]
    answer = ask(url, token, BLACKLIST if reason else LOOK_UP, {"key": key, **({"reason": reason} if reason else {})})
    for error in answer.get("errors", []):
        print(f"{error['extensions']['code']}: {error['message']}", file=sys.stderr)
    if "errors" in answer:
        return 1
    if reason:
        result = answer["data"]["blacklistUser"]
        print(result.get("message", "blacklisted"))
        return 2 if "message" in result else 0
    user = answer["data"]["user"]
    expires = user["keyExpiresAt"] or "never"
    state = "blacklisted" if user["blacklist"] else f"expires {expires}"
    print(f"{user['executions']} executions, {state}")
    return 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]) if len(sys.argv) in (2, 3) else __doc__)
