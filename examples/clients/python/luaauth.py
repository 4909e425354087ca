"""The gateway from Python's standard library: no package at all. Python 3.9 and newer."""

import json
from urllib.error import HTTPError
from urllib.request import Request, urlopen


def ask(url, key, query, variables=None, timeout_s=65):
    """The answer as a dict. Errors stand in "errors", at the fields that failed; the other fields have their data.

    Raises URLError if the gateway cannot be reached, TimeoutError if it takes too long: a message waits up to 60 s.
    """
    body = json.dumps({"query": query, "variables": variables or {}}).encode()
    headers = {"content-type": "application/json", "authorization": f"Bearer {key}"}
    try:
        with urlopen(Request(url, body, headers), timeout=timeout_s) as response:
            return json.load(response)
    except HTTPError as refused:
        # What cannot be run has a status of its own, and says why in its body.
        return json.load(refused)
