import type { Tab, VisitorCredential } from '../../http/graphiql-options.ts';

/** In the place of ids and keys that exist, to be replaced. */
export const PLACEHOLDERS = {
  scriptId: '<script id>',
  /** The script whose users come and go. */
  visitedScriptId: '<script id>',
  placeId: '<place id>',
  projectId: '<project id>',
  userKey: '<licence key>',
  blacklistedUserKey: '<licence key>',
};

/** The subject of the tabs; `readOnly` leaves the mutations out. */
export type TabSubject = typeof PLACEHOLDERS & {
  readonly credential: VisitorCredential | undefined;
  readonly readOnly?: boolean;
};

/** The tabs of a new visitor: reads from small to large, a write, and a write that is refused. */
export function createTabs(subject: TabSubject): Tab[] {
  const { scriptId, visitedScriptId, placeId, projectId, userKey, blacklistedUserKey } = subject;
  const { credential, readOnly = false } = subject;
  return [
    // GraphiQL shows the variables of the first tab only after one has left it, so this one has none.
    tab(`${welcome(credential)}\n${read(scriptId)}`),
    tab(NESTED, { id: scriptId, first: 5 }),
    tab(FILTERED, { id: scriptId, filter: { placeId } }),
    tab(LIVE, { scriptId: visitedScriptId }),
    tab(PROJECT, { id: projectId }),
    tab(USER, { key: userKey }),
    ...(readOnly
      ? []
      : [
          tab(EDIT, { input: { id: scriptId, kickOutdated: true } }),
          tab(REFUSED, { input: { key: blacklistedUserKey, reason: 'Shared the key.' } }),
        ]),
  ];
}

const tab = (query: string, variables?: object): Tab => ({
  query,
  variables: variables ? JSON.stringify(variables, null, 2) : '',
});

/** In lines that half of a small window shows whole: at most 48 characters, as in the other comments here. */
const welcome = (
  credential: VisitorCredential | undefined,
) => `# Welcome. Run this: the button, or Ctrl-Enter.
${keyNote(credential)}
# Below each answer stands what it cost in REST
# calls. Plan tells it without running it.
`;

function keyNote(credential: VisitorCredential | undefined): string {
  if (!credential) return '# This gateway holds its own LuaAuth key.';
  if (credential.publicKey !== '') return '# All tabs send the key in the field above.';
  return '# Put your key into the field above, for all\n# tabs, and a script id here.';
}

const read = (scriptId: string) => `query Script {
  script(id: ${JSON.stringify(scriptId)}) {
    name
    enabled
    freeForAll
    totalExecutions
    project {
      id
    }
  }
}
`;

const NESTED = `# Who is connected right now. For the next page,
# add endCursor to the variables as "after".
query ConnectedUsers($id: ID!, $first: Int, $after: String) {
  script(id: $id) {
    name
    executions {
      date
      count
    }
    sessions(first: $first, after: $after) {
      nodes {
        id
        robloxId
        createdAt
      }
      pageInfo {
        hasNextPage
        endCursor
      }
    }
  }
}
`;

const FILTERED = `# Who plays in one place: only the sessions that
# match all of the filter.
query UsersInPlace($id: ID!, $filter: SessionFilter) {
  script(id: $id) {
    sessions(filter: $filter) {
      nodes {
        userKey
        robloxId
        placeId
        jobId
      }
    }
  }
}
`;

const LIVE = `# Who comes and who goes, as it happens: press the
# button again to stop.
subscription WhoIsOn($scriptId: ID!) {
  scriptSessions(scriptId: $scriptId) {
    __typename
    ... on SessionsSnapshot {
      sessions {
        id
        robloxId
      }
    }
    ... on SessionsChange {
      appeared {
        id
        robloxId
      }
      disappearedIds
    }
    ... on SessionsDelay {
      reason
    }
    ... on LiveEvent {
      asOf
      nextPollMs
    }
  }
}
`;

const EDIT = `# The script is read again, as it is selected.
# What LuaAuth refuses is a type of its own.
mutation EditScript($input: EditScriptInput!) {
  editScript(input: $input) {
    __typename
    ... on EditScriptSuccess {
      script {
        name
        kickOutdated
      }
    }
    ... on InvalidFields {
      fields {
        path
        messages
      }
    }
    ... on Refusal {
      message
    }
  }
}
`;

const PROJECT = `# What a project's scripts ran, day by day. The
# executions and the scripts are one REST call.
query ProjectExecutions($id: ID!) {
  project(id: $id) {
    name
    totalExecutions
    executions {
      date
      count
    }
    scripts {
      id
      name
    }
  }
}
`;

const USER = `# Who has a licence key, and until when.
query UserByKey($key: ID!) {
  user(key: $key) {
    discordId
    executions
    keyExpiresAt
    fingerprintAssigned
    blacklist {
      reason
      expiresAt
    }
  }
}
`;

const REFUSED = `# Refused: this user is blacklisted already. A
# refusal is data, so clients cannot overlook it.
mutation BlacklistAgain($input: BlacklistUserInput!) {
  blacklistUser(input: $input) {
    __typename
    ... on BlacklistUserSuccess {
      user {
        key
      }
    }
    ... on AlreadyBlacklisted {
      message
      user {
        blacklist {
          reason
          expiresAt
        }
      }
    }
    ... on Refusal {
      message
    }
  }
}
`;
