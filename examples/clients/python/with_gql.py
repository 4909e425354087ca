"""The same question by the package gql, which checks the document against the schema first: with_gql.py KEY

SCHEMA is the file that "luaauth-graphql schema" prints. Do not let gql fetch the schema: graphql-core 3.2, which it stands on,
does not know every place where a directive may stand today, and fails.
"""

import os
import sys

from gql import Client, gql
from gql.transport.exceptions import TransportQueryError
from gql.transport.requests import RequestsHTTPTransport

LOOK_UP = gql("query LookUp($key: ID!) { user(key: $key) { executions blacklist { reason } } }")


def main(key):
    transport = RequestsHTTPTransport(
        url=os.environ.get("GATEWAY_URL", "http://127.0.0.1:4000/graphql"),
        headers={"authorization": f"Bearer {os.environ['LUAAUTH_TOKEN']}"},
    )
    with open(os.environ["SCHEMA"]) as schema:
        client = Client(transport=transport, schema=schema.read())
    try:
        user = client.execute(LOOK_UP, variable_values={"key": key})["user"]
    except TransportQueryError as failed:
        # It throws as soon as one field fails; failed.data has the others.
        print(failed.errors[0]["extensions"]["code"], file=sys.stderr)
        return 1
    print(f"{user['executions']} executions, {'blacklisted' if user['blacklist'] else 'not blacklisted'}")
    return 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
