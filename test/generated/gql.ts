/* eslint-disable */
import * as types from './graphql.ts';
import type { TypedDocumentNode as DocumentNode } from '@graphql-typed-document-node/core';

/**
 * Map of all GraphQL operations in the project.
 *
 * This map has several performance disadvantages:
 * 1. It is not tree-shakeable, so it will include all operations in the project.
 * 2. It is not minifiable, so the string of a GraphQL query will be multiple times inside the bundle.
 * 3. It does not support dead code elimination, so it will add unused operations.
 *
 * Therefore it is highly recommended to use the babel or swc plugin for production.
 * Learn more about it here: https://the-guild.dev/graphql/codegen/plugins/presets/preset-client#reducing-bundle-size
 */
type Documents = {
    "\n  query WhoseScript($id: ID!) {\n    __typename\n    script(id: $id) {\n      name\n    }\n  }\n": typeof types.WhoseScriptDocument,
    "\n  mutation ToggleAndReadForReport($id: ID!) {\n    first: toggleScript(input: { id: $id, enabled: true }) {\n      ... on ToggleScriptSuccess {\n        script {\n          name\n        }\n      }\n    }\n    second: toggleScript(input: { id: $id, enabled: false }) {\n      ... on ToggleScriptSuccess {\n        script {\n          name\n        }\n      }\n    }\n  }\n": typeof types.ToggleAndReadForReportDocument,
    "\n  query AdSystems {\n    adSystems {\n      id\n      project {\n        id\n      }\n      name\n      keyDurationMs\n      maxKeys\n      allowExtending\n      maxDurationMs\n    }\n  }\n": typeof types.AdSystemsDocument,
    "\n  query AdSystem($id: ID!) {\n    adSystem(id: $id) {\n      id\n      name\n      project {\n        name\n      }\n    }\n  }\n": typeof types.AdSystemDocument,
    "\n  query AdProviders {\n    adProviders {\n      name\n      settings {\n        id\n        name\n        type\n        info\n      }\n    }\n  }\n": typeof types.AdProvidersDocument,
    "\n  query WholeProject($id: ID!) {\n    project(id: $id) {\n      id\n      name\n      fingerprintResetCooldownMs\n      allowFingerprintResets\n      deleteExpiredUsers\n      executionWebhook\n      informationWebhook\n      blacklistWebhook\n      totalExecutions\n    }\n  }\n": typeof types.WholeProjectDocument,
    "\n  query ProjectNames($ids: [ID!]!) {\n    projects(ids: $ids) {\n      id\n      name\n    }\n  }\n": typeof types.ProjectNamesDocument,
    "\n  query Listed($id: ID!) {\n    project(id: $id) {\n      executions {\n        date\n        count\n      }\n      scripts {\n        id\n        name\n        executions {\n          date\n          count\n        }\n      }\n    }\n  }\n": typeof types.ListedDocument,
    "\n  query ReadRateLimit {\n    rateLimit {\n      limit\n      remaining\n      used\n      resetAt\n      cost\n      queued\n    }\n  }\n": typeof types.ReadRateLimitDocument,
    "\n  query WholeScript($id: ID!) {\n    script(id: $id) {\n      id\n      project {\n        id\n      }\n      name\n      freeForAll\n      useHeartbeat\n      kickOutdated\n      requireSessions\n      enabled\n      totalExecutions\n      totalSessions\n      totalInstances\n    }\n  }\n": typeof types.WholeScriptDocument,
    "\n  query ScriptExecutions($id: ID!) {\n    script(id: $id) {\n      executions {\n        date\n        count\n      }\n    }\n  }\n": typeof types.ScriptExecutionsDocument,
    "\n  query ScriptNames($ids: [ID!]!) {\n    scripts(ids: $ids) {\n      id\n      name\n    }\n  }\n": typeof types.ScriptNamesDocument,
    "\n  query Walk($id: ID!, $first: Int, $after: String, $filter: SessionFilter) {\n    script(id: $id) {\n      sessions(first: $first, after: $after, filter: $filter) {\n        nodes {\n          id\n        }\n        pageInfo {\n          hasNextPage\n          endCursor\n        }\n      }\n    }\n  }\n": typeof types.WalkDocument,
    "\n  query Cursors($id: ID!, $first: Int, $after: String, $filter: SessionFilter) {\n    script(id: $id) {\n      sessions(first: $first, after: $after, filter: $filter) {\n        edges {\n          cursor\n        }\n      }\n    }\n  }\n": typeof types.CursorsDocument,
    "\n  query OneSession($id: ID!) {\n    session(id: $id) {\n      id\n      script {\n        id\n      }\n      userKey\n      robloxId\n      placeId\n      jobId\n      createdAt\n    }\n  }\n": typeof types.OneSessionDocument,
    "\n  query SessionPage($id: ID!, $first: Int, $after: String, $filter: SessionFilter) {\n    script(id: $id) {\n      sessions(first: $first, after: $after, filter: $filter) {\n        edges {\n          cursor\n          node {\n            id\n          }\n        }\n        nodes {\n          id\n          userKey\n          robloxId\n          placeId\n          jobId\n        }\n        pageInfo {\n          hasPreviousPage\n          startCursor\n          endCursor\n        }\n      }\n    }\n  }\n": typeof types.SessionPageDocument,
    "\n  query DefaultPage($id: ID!) {\n    script(id: $id) {\n      sessions {\n        nodes {\n          id\n        }\n      }\n    }\n  }\n": typeof types.DefaultPageDocument,
    "\n  query WholeUser($key: ID!) {\n    user(key: $key) {\n      key\n      discordId\n      fingerprintAssigned\n      executor\n      executions\n      keyExpiresAt\n      lastResetAt\n      totalFingerprintResets\n      note\n      blacklist {\n        reason\n        expiresAt\n      }\n      fingerprint\n    }\n  }\n": typeof types.WholeUserDocument,
    "\n  query UserKeys($keys: [ID!]!) {\n    users(keys: $keys) {\n      key\n      executions\n    }\n  }\n": typeof types.UserKeysDocument,
    "\n  fragment Refused on Refusal {\n    message\n    ... on InvalidFields {\n      fields {\n        path\n        messages\n      }\n    }\n    ... on NotPermitted {\n      reasons\n    }\n    ... on UnknownRefusal {\n      code\n    }\n  }\n": typeof types.RefusedFragmentDoc,
    "\n  mutation Edit($input: EditScriptInput!) {\n    editScript(input: $input) {\n      __typename\n      ...Refused\n    }\n  }\n": typeof types.EditDocument,
    "\n  mutation Update($input: UpdateScriptInput!) {\n    updateScript(input: $input) {\n      __typename\n      ...Refused\n    }\n  }\n": typeof types.UpdateDocument,
    "\n  mutation Toggle($input: ToggleScriptInput!) {\n    toggleScript(input: $input) {\n      __typename\n      ...Refused\n    }\n  }\n": typeof types.ToggleDocument,
    "\n  mutation Delete($input: DeleteScriptInput!) {\n    deleteScript(input: $input) {\n      __typename\n      ... on DeleteScriptSuccess {\n        deletedScriptId\n      }\n      ...Refused\n    }\n  }\n": typeof types.DeleteDocument,
    "\n  mutation Disconnect($input: DisconnectSessionInput!) {\n    disconnectSession(input: $input) {\n      __typename\n      ... on DisconnectSessionSuccess {\n        disconnectedSessionId\n      }\n      ...Refused\n    }\n  }\n": typeof types.DisconnectDocument,
    "\n  mutation DisconnectMany($input: DisconnectSessionsInput!) {\n    disconnectSessions(input: $input) {\n      __typename\n      ... on DisconnectSessionsSuccess {\n        disconnectedSessionIds\n      }\n      ...Refused\n    }\n  }\n": typeof types.DisconnectManyDocument,
    "\n  mutation Message($input: MessageSessionInput!) {\n    messageSession(input: $input) {\n      __typename\n      ... on MessageDelivered {\n        response\n      }\n      ... on MessageNotDelivered {\n        reason\n        detail\n      }\n      ...Refused\n    }\n  }\n": typeof types.MessageDocument,
    "\n  mutation EditProject($input: EditProjectInput!) {\n    editProject(input: $input) {\n      __typename\n      ...Refused\n    }\n  }\n": typeof types.EditProjectDocument,
    "\n  mutation DeleteProject($input: DeleteProjectInput!) {\n    deleteProject(input: $input) {\n      __typename\n      ... on DeleteProjectSuccess {\n        deletedProjectId\n      }\n      ...Refused\n    }\n  }\n": typeof types.DeleteProjectDocument,
    "\n  mutation EditUser($input: EditUserInput!) {\n    editUser(input: $input) {\n      __typename\n      ...Refused\n    }\n  }\n": typeof types.EditUserDocument,
    "\n  mutation Blacklist($input: BlacklistUserInput!) {\n    blacklistUser(input: $input) {\n      __typename\n      ...Refused\n    }\n  }\n": typeof types.BlacklistDocument,
    "\n  mutation Unblacklist($input: UnblacklistUserInput!) {\n    unblacklistUser(input: $input) {\n      __typename\n      ...Refused\n    }\n  }\n": typeof types.UnblacklistDocument,
    "\n  mutation CreateAdSystem($input: CreateAdSystemInput!) {\n    createAdSystem(input: $input) {\n      __typename\n      ... on CreateAdSystemSuccess {\n        adSystemId\n      }\n      ...Refused\n    }\n  }\n": typeof types.CreateAdSystemDocument,
    "\n  mutation EditAdSystem($input: EditAdSystemInput!) {\n    editAdSystem(input: $input) {\n      __typename\n      ... on EditAdSystemSuccess {\n        adSystem {\n          name\n          allowExtending\n        }\n      }\n      ...Refused\n    }\n  }\n": typeof types.EditAdSystemDocument,
    "\n  query ReadScript($id: ID!) {\n    script(id: $id) {\n      id\n      name\n    }\n  }\n": typeof types.ReadScriptDocument,
    "\n  query ReadScripts($ids: [ID!]!) {\n    scripts(ids: $ids) {\n      id\n      name\n    }\n  }\n": typeof types.ReadScriptsDocument,
    "\n  query ReadWholeScript($id: ID!) {\n    script(id: $id) {\n      name\n      executions {\n        date\n        count\n      }\n      sessions(first: 2) {\n        nodes {\n          id\n          jobId\n        }\n      }\n      filtered: sessions(first: 2, filter: { placeId: \"606849621\" }) {\n        nodes {\n          id\n          jobId\n        }\n      }\n    }\n  }\n": typeof types.ReadWholeScriptDocument,
    "\n  query ById($id: ID!) {\n    script(id: $id) {\n      id\n    }\n    scripts(ids: [$id]) {\n      id\n    }\n    session(id: $id) {\n      id\n    }\n    project(id: $id) {\n      id\n    }\n    projects(ids: [$id]) {\n      id\n    }\n  }\n": typeof types.ByIdDocument,
    "\n  query Filtered($id: ID!, $filter: SessionFilter) {\n    script(id: $id) {\n      sessions(filter: $filter) {\n        nodes {\n          id\n        }\n      }\n    }\n  }\n": typeof types.FilteredDocument,
    "\n  mutation WriteThenRead($id: ID!) {\n    editScript(input: { id: $id, name: \"new\" }) {\n      ... on EditScriptSuccess {\n        script {\n          ...Everything\n        }\n      }\n    }\n    updateScript(input: { id: $id, source: \"print(1)\" }) {\n      ... on UpdateScriptSuccess {\n        script {\n          ...Everything\n        }\n      }\n    }\n    toggleScript(input: { id: $id, enabled: true }) {\n      ... on ToggleScriptSuccess {\n        script {\n          ...Everything\n        }\n      }\n    }\n  }\n\n  fragment Everything on Script {\n    name\n    executions {\n      date\n    }\n    sessions(first: 2) {\n      nodes {\n        jobId\n      }\n    }\n    filtered: sessions(first: 2, filter: { placeId: \"606849621\" }) {\n      nodes {\n        jobId\n      }\n    }\n  }\n": typeof types.WriteThenReadDocument,
    "\n  query BadBetweenGood {\n    before: script(id: \"good\") {\n      name\n    }\n    script(id: \"bad\") {\n      id\n      project {\n        id\n      }\n      name\n      freeForAll\n      useHeartbeat\n      kickOutdated\n      requireSessions\n      enabled\n      totalExecutions\n      totalSessions\n      totalInstances\n    }\n    after: script(id: \"good\") {\n      enabled\n    }\n  }\n": typeof types.BadBetweenGoodDocument,
};
const documents: Documents = {
    "\n  query WhoseScript($id: ID!) {\n    __typename\n    script(id: $id) {\n      name\n    }\n  }\n": types.WhoseScriptDocument,
    "\n  mutation ToggleAndReadForReport($id: ID!) {\n    first: toggleScript(input: { id: $id, enabled: true }) {\n      ... on ToggleScriptSuccess {\n        script {\n          name\n        }\n      }\n    }\n    second: toggleScript(input: { id: $id, enabled: false }) {\n      ... on ToggleScriptSuccess {\n        script {\n          name\n        }\n      }\n    }\n  }\n": types.ToggleAndReadForReportDocument,
    "\n  query AdSystems {\n    adSystems {\n      id\n      project {\n        id\n      }\n      name\n      keyDurationMs\n      maxKeys\n      allowExtending\n      maxDurationMs\n    }\n  }\n": types.AdSystemsDocument,
    "\n  query AdSystem($id: ID!) {\n    adSystem(id: $id) {\n      id\n      name\n      project {\n        name\n      }\n    }\n  }\n": types.AdSystemDocument,
    "\n  query AdProviders {\n    adProviders {\n      name\n      settings {\n        id\n        name\n        type\n        info\n      }\n    }\n  }\n": types.AdProvidersDocument,
    "\n  query WholeProject($id: ID!) {\n    project(id: $id) {\n      id\n      name\n      fingerprintResetCooldownMs\n      allowFingerprintResets\n      deleteExpiredUsers\n      executionWebhook\n      informationWebhook\n      blacklistWebhook\n      totalExecutions\n    }\n  }\n": types.WholeProjectDocument,
    "\n  query ProjectNames($ids: [ID!]!) {\n    projects(ids: $ids) {\n      id\n      name\n    }\n  }\n": types.ProjectNamesDocument,
    "\n  query Listed($id: ID!) {\n    project(id: $id) {\n      executions {\n        date\n        count\n      }\n      scripts {\n        id\n        name\n        executions {\n          date\n          count\n        }\n      }\n    }\n  }\n": types.ListedDocument,
    "\n  query ReadRateLimit {\n    rateLimit {\n      limit\n      remaining\n      used\n      resetAt\n      cost\n      queued\n    }\n  }\n": types.ReadRateLimitDocument,
    "\n  query WholeScript($id: ID!) {\n    script(id: $id) {\n      id\n      project {\n        id\n      }\n      name\n      freeForAll\n      useHeartbeat\n      kickOutdated\n      requireSessions\n      enabled\n      totalExecutions\n      totalSessions\n      totalInstances\n    }\n  }\n": types.WholeScriptDocument,
    "\n  query ScriptExecutions($id: ID!) {\n    script(id: $id) {\n      executions {\n        date\n        count\n      }\n    }\n  }\n": types.ScriptExecutionsDocument,
    "\n  query ScriptNames($ids: [ID!]!) {\n    scripts(ids: $ids) {\n      id\n      name\n    }\n  }\n": types.ScriptNamesDocument,
    "\n  query Walk($id: ID!, $first: Int, $after: String, $filter: SessionFilter) {\n    script(id: $id) {\n      sessions(first: $first, after: $after, filter: $filter) {\n        nodes {\n          id\n        }\n        pageInfo {\n          hasNextPage\n          endCursor\n        }\n      }\n    }\n  }\n": types.WalkDocument,
    "\n  query Cursors($id: ID!, $first: Int, $after: String, $filter: SessionFilter) {\n    script(id: $id) {\n      sessions(first: $first, after: $after, filter: $filter) {\n        edges {\n          cursor\n        }\n      }\n    }\n  }\n": types.CursorsDocument,
    "\n  query OneSession($id: ID!) {\n    session(id: $id) {\n      id\n      script {\n        id\n      }\n      userKey\n      robloxId\n      placeId\n      jobId\n      createdAt\n    }\n  }\n": types.OneSessionDocument,
    "\n  query SessionPage($id: ID!, $first: Int, $after: String, $filter: SessionFilter) {\n    script(id: $id) {\n      sessions(first: $first, after: $after, filter: $filter) {\n        edges {\n          cursor\n          node {\n            id\n          }\n        }\n        nodes {\n          id\n          userKey\n          robloxId\n          placeId\n          jobId\n        }\n        pageInfo {\n          hasPreviousPage\n          startCursor\n          endCursor\n        }\n      }\n    }\n  }\n": types.SessionPageDocument,
    "\n  query DefaultPage($id: ID!) {\n    script(id: $id) {\n      sessions {\n        nodes {\n          id\n        }\n      }\n    }\n  }\n": types.DefaultPageDocument,
    "\n  query WholeUser($key: ID!) {\n    user(key: $key) {\n      key\n      discordId\n      fingerprintAssigned\n      executor\n      executions\n      keyExpiresAt\n      lastResetAt\n      totalFingerprintResets\n      note\n      blacklist {\n        reason\n        expiresAt\n      }\n      fingerprint\n    }\n  }\n": types.WholeUserDocument,
    "\n  query UserKeys($keys: [ID!]!) {\n    users(keys: $keys) {\n      key\n      executions\n    }\n  }\n": types.UserKeysDocument,
    "\n  fragment Refused on Refusal {\n    message\n    ... on InvalidFields {\n      fields {\n        path\n        messages\n      }\n    }\n    ... on NotPermitted {\n      reasons\n    }\n    ... on UnknownRefusal {\n      code\n    }\n  }\n": types.RefusedFragmentDoc,
    "\n  mutation Edit($input: EditScriptInput!) {\n    editScript(input: $input) {\n      __typename\n      ...Refused\n    }\n  }\n": types.EditDocument,
    "\n  mutation Update($input: UpdateScriptInput!) {\n    updateScript(input: $input) {\n      __typename\n      ...Refused\n    }\n  }\n": types.UpdateDocument,
    "\n  mutation Toggle($input: ToggleScriptInput!) {\n    toggleScript(input: $input) {\n      __typename\n      ...Refused\n    }\n  }\n": types.ToggleDocument,
    "\n  mutation Delete($input: DeleteScriptInput!) {\n    deleteScript(input: $input) {\n      __typename\n      ... on DeleteScriptSuccess {\n        deletedScriptId\n      }\n      ...Refused\n    }\n  }\n": types.DeleteDocument,
    "\n  mutation Disconnect($input: DisconnectSessionInput!) {\n    disconnectSession(input: $input) {\n      __typename\n      ... on DisconnectSessionSuccess {\n        disconnectedSessionId\n      }\n      ...Refused\n    }\n  }\n": types.DisconnectDocument,
    "\n  mutation DisconnectMany($input: DisconnectSessionsInput!) {\n    disconnectSessions(input: $input) {\n      __typename\n      ... on DisconnectSessionsSuccess {\n        disconnectedSessionIds\n      }\n      ...Refused\n    }\n  }\n": types.DisconnectManyDocument,
    "\n  mutation Message($input: MessageSessionInput!) {\n    messageSession(input: $input) {\n      __typename\n      ... on MessageDelivered {\n        response\n      }\n      ... on MessageNotDelivered {\n        reason\n        detail\n      }\n      ...Refused\n    }\n  }\n": types.MessageDocument,
    "\n  mutation EditProject($input: EditProjectInput!) {\n    editProject(input: $input) {\n      __typename\n      ...Refused\n    }\n  }\n": types.EditProjectDocument,
    "\n  mutation DeleteProject($input: DeleteProjectInput!) {\n    deleteProject(input: $input) {\n      __typename\n      ... on DeleteProjectSuccess {\n        deletedProjectId\n      }\n      ...Refused\n    }\n  }\n": types.DeleteProjectDocument,
    "\n  mutation EditUser($input: EditUserInput!) {\n    editUser(input: $input) {\n      __typename\n      ...Refused\n    }\n  }\n": types.EditUserDocument,
    "\n  mutation Blacklist($input: BlacklistUserInput!) {\n    blacklistUser(input: $input) {\n      __typename\n      ...Refused\n    }\n  }\n": types.BlacklistDocument,
    "\n  mutation Unblacklist($input: UnblacklistUserInput!) {\n    unblacklistUser(input: $input) {\n      __typename\n      ...Refused\n    }\n  }\n": types.UnblacklistDocument,
    "\n  mutation CreateAdSystem($input: CreateAdSystemInput!) {\n    createAdSystem(input: $input) {\n      __typename\n      ... on CreateAdSystemSuccess {\n        adSystemId\n      }\n      ...Refused\n    }\n  }\n": types.CreateAdSystemDocument,
    "\n  mutation EditAdSystem($input: EditAdSystemInput!) {\n    editAdSystem(input: $input) {\n      __typename\n      ... on EditAdSystemSuccess {\n        adSystem {\n          name\n          allowExtending\n        }\n      }\n      ...Refused\n    }\n  }\n": types.EditAdSystemDocument,
    "\n  query ReadScript($id: ID!) {\n    script(id: $id) {\n      id\n      name\n    }\n  }\n": types.ReadScriptDocument,
    "\n  query ReadScripts($ids: [ID!]!) {\n    scripts(ids: $ids) {\n      id\n      name\n    }\n  }\n": types.ReadScriptsDocument,
    "\n  query ReadWholeScript($id: ID!) {\n    script(id: $id) {\n      name\n      executions {\n        date\n        count\n      }\n      sessions(first: 2) {\n        nodes {\n          id\n          jobId\n        }\n      }\n      filtered: sessions(first: 2, filter: { placeId: \"606849621\" }) {\n        nodes {\n          id\n          jobId\n        }\n      }\n    }\n  }\n": types.ReadWholeScriptDocument,
    "\n  query ById($id: ID!) {\n    script(id: $id) {\n      id\n    }\n    scripts(ids: [$id]) {\n      id\n    }\n    session(id: $id) {\n      id\n    }\n    project(id: $id) {\n      id\n    }\n    projects(ids: [$id]) {\n      id\n    }\n  }\n": types.ByIdDocument,
    "\n  query Filtered($id: ID!, $filter: SessionFilter) {\n    script(id: $id) {\n      sessions(filter: $filter) {\n        nodes {\n          id\n        }\n      }\n    }\n  }\n": types.FilteredDocument,
    "\n  mutation WriteThenRead($id: ID!) {\n    editScript(input: { id: $id, name: \"new\" }) {\n      ... on EditScriptSuccess {\n        script {\n          ...Everything\n        }\n      }\n    }\n    updateScript(input: { id: $id, source: \"print(1)\" }) {\n      ... on UpdateScriptSuccess {\n        script {\n          ...Everything\n        }\n      }\n    }\n    toggleScript(input: { id: $id, enabled: true }) {\n      ... on ToggleScriptSuccess {\n        script {\n          ...Everything\n        }\n      }\n    }\n  }\n\n  fragment Everything on Script {\n    name\n    executions {\n      date\n    }\n    sessions(first: 2) {\n      nodes {\n        jobId\n      }\n    }\n    filtered: sessions(first: 2, filter: { placeId: \"606849621\" }) {\n      nodes {\n        jobId\n      }\n    }\n  }\n": types.WriteThenReadDocument,
    "\n  query BadBetweenGood {\n    before: script(id: \"good\") {\n      name\n    }\n    script(id: \"bad\") {\n      id\n      project {\n        id\n      }\n      name\n      freeForAll\n      useHeartbeat\n      kickOutdated\n      requireSessions\n      enabled\n      totalExecutions\n      totalSessions\n      totalInstances\n    }\n    after: script(id: \"good\") {\n      enabled\n    }\n  }\n": types.BadBetweenGoodDocument,
};

/**
 * The graphql function is used to parse GraphQL queries into a document that can be used by GraphQL clients.
 *
 *
 * @example
 * ```ts
 * const query = graphql(`query GetUser($id: ID!) { user(id: $id) { name } }`);
 * ```
 *
 * The query argument is unknown!
 * Please regenerate the types.
 */
export function graphql(source: string): unknown;

/**
 * The graphql function is used to parse GraphQL queries into a document that can be used by GraphQL clients.
 */
export function graphql(source: "\n  query WhoseScript($id: ID!) {\n    __typename\n    script(id: $id) {\n      name\n    }\n  }\n"): (typeof documents)["\n  query WhoseScript($id: ID!) {\n    __typename\n    script(id: $id) {\n      name\n    }\n  }\n"];
/**
 * The graphql function is used to parse GraphQL queries into a document that can be used by GraphQL clients.
 */
export function graphql(source: "\n  mutation ToggleAndReadForReport($id: ID!) {\n    first: toggleScript(input: { id: $id, enabled: true }) {\n      ... on ToggleScriptSuccess {\n        script {\n          name\n        }\n      }\n    }\n    second: toggleScript(input: { id: $id, enabled: false }) {\n      ... on ToggleScriptSuccess {\n        script {\n          name\n        }\n      }\n    }\n  }\n"): (typeof documents)["\n  mutation ToggleAndReadForReport($id: ID!) {\n    first: toggleScript(input: { id: $id, enabled: true }) {\n      ... on ToggleScriptSuccess {\n        script {\n          name\n        }\n      }\n    }\n    second: toggleScript(input: { id: $id, enabled: false }) {\n      ... on ToggleScriptSuccess {\n        script {\n          name\n        }\n      }\n    }\n  }\n"];
/**
 * The graphql function is used to parse GraphQL queries into a document that can be used by GraphQL clients.
 */
export function graphql(source: "\n  query AdSystems {\n    adSystems {\n      id\n      project {\n        id\n      }\n      name\n      keyDurationMs\n      maxKeys\n      allowExtending\n      maxDurationMs\n    }\n  }\n"): (typeof documents)["\n  query AdSystems {\n    adSystems {\n      id\n      project {\n        id\n      }\n      name\n      keyDurationMs\n      maxKeys\n      allowExtending\n      maxDurationMs\n    }\n  }\n"];
/**
 * The graphql function is used to parse GraphQL queries into a document that can be used by GraphQL clients.
 */
export function graphql(source: "\n  query AdSystem($id: ID!) {\n    adSystem(id: $id) {\n      id\n      name\n      project {\n        name\n      }\n    }\n  }\n"): (typeof documents)["\n  query AdSystem($id: ID!) {\n    adSystem(id: $id) {\n      id\n      name\n      project {\n        name\n      }\n    }\n  }\n"];
/**
 * The graphql function is used to parse GraphQL queries into a document that can be used by GraphQL clients.
 */
export function graphql(source: "\n  query AdProviders {\n    adProviders {\n      name\n      settings {\n        id\n        name\n        type\n        info\n      }\n    }\n  }\n"): (typeof documents)["\n  query AdProviders {\n    adProviders {\n      name\n      settings {\n        id\n        name\n        type\n        info\n      }\n    }\n  }\n"];
/**
 * The graphql function is used to parse GraphQL queries into a document that can be used by GraphQL clients.
 */
export function graphql(source: "\n  query WholeProject($id: ID!) {\n    project(id: $id) {\n      id\n      name\n      fingerprintResetCooldownMs\n      allowFingerprintResets\n      deleteExpiredUsers\n      executionWebhook\n      informationWebhook\n      blacklistWebhook\n      totalExecutions\n    }\n  }\n"): (typeof documents)["\n  query WholeProject($id: ID!) {\n    project(id: $id) {\n      id\n      name\n      fingerprintResetCooldownMs\n      allowFingerprintResets\n      deleteExpiredUsers\n      executionWebhook\n      informationWebhook\n      blacklistWebhook\n      totalExecutions\n    }\n  }\n"];
/**
 * The graphql function is used to parse GraphQL queries into a document that can be used by GraphQL clients.
 */
export function graphql(source: "\n  query ProjectNames($ids: [ID!]!) {\n    projects(ids: $ids) {\n      id\n      name\n    }\n  }\n"): (typeof documents)["\n  query ProjectNames($ids: [ID!]!) {\n    projects(ids: $ids) {\n      id\n      name\n    }\n  }\n"];
/**
 * The graphql function is used to parse GraphQL queries into a document that can be used by GraphQL clients.
 */
export function graphql(source: "\n  query Listed($id: ID!) {\n    project(id: $id) {\n      executions {\n        date\n        count\n      }\n      scripts {\n        id\n        name\n        executions {\n          date\n          count\n        }\n      }\n    }\n  }\n"): (typeof documents)["\n  query Listed($id: ID!) {\n    project(id: $id) {\n      executions {\n        date\n        count\n      }\n      scripts {\n        id\n        name\n        executions {\n          date\n          count\n        }\n      }\n    }\n  }\n"];
/**
 * The graphql function is used to parse GraphQL queries into a document that can be used by GraphQL clients.
 */
export function graphql(source: "\n  query ReadRateLimit {\n    rateLimit {\n      limit\n      remaining\n      used\n      resetAt\n      cost\n      queued\n    }\n  }\n"): (typeof documents)["\n  query ReadRateLimit {\n    rateLimit {\n      limit\n      remaining\n      used\n      resetAt\n      cost\n      queued\n    }\n  }\n"];
/**
 * The graphql function is used to parse GraphQL queries into a document that can be used by GraphQL clients.
 */
export function graphql(source: "\n  query WholeScript($id: ID!) {\n    script(id: $id) {\n      id\n      project {\n        id\n      }\n      name\n      freeForAll\n      useHeartbeat\n      kickOutdated\n      requireSessions\n      enabled\n      totalExecutions\n      totalSessions\n      totalInstances\n    }\n  }\n"): (typeof documents)["\n  query WholeScript($id: ID!) {\n    script(id: $id) {\n      id\n      project {\n        id\n      }\n      name\n      freeForAll\n      useHeartbeat\n      kickOutdated\n      requireSessions\n      enabled\n      totalExecutions\n      totalSessions\n      totalInstances\n    }\n  }\n"];
/**
 * The graphql function is used to parse GraphQL queries into a document that can be used by GraphQL clients.
 */
export function graphql(source: "\n  query ScriptExecutions($id: ID!) {\n    script(id: $id) {\n      executions {\n        date\n        count\n      }\n    }\n  }\n"): (typeof documents)["\n  query ScriptExecutions($id: ID!) {\n    script(id: $id) {\n      executions {\n        date\n        count\n      }\n    }\n  }\n"];
/**
 * The graphql function is used to parse GraphQL queries into a document that can be used by GraphQL clients.
 */
export function graphql(source: "\n  query ScriptNames($ids: [ID!]!) {\n    scripts(ids: $ids) {\n      id\n      name\n    }\n  }\n"): (typeof documents)["\n  query ScriptNames($ids: [ID!]!) {\n    scripts(ids: $ids) {\n      id\n      name\n    }\n  }\n"];
/**
 * The graphql function is used to parse GraphQL queries into a document that can be used by GraphQL clients.
 */
export function graphql(source: "\n  query Walk($id: ID!, $first: Int, $after: String, $filter: SessionFilter) {\n    script(id: $id) {\n      sessions(first: $first, after: $after, filter: $filter) {\n        nodes {\n          id\n        }\n        pageInfo {\n          hasNextPage\n          endCursor\n        }\n      }\n    }\n  }\n"): (typeof documents)["\n  query Walk($id: ID!, $first: Int, $after: String, $filter: SessionFilter) {\n    script(id: $id) {\n      sessions(first: $first, after: $after, filter: $filter) {\n        nodes {\n          id\n        }\n        pageInfo {\n          hasNextPage\n          endCursor\n        }\n      }\n    }\n  }\n"];
/**
 * The graphql function is used to parse GraphQL queries into a document that can be used by GraphQL clients.
 */
export function graphql(source: "\n  query Cursors($id: ID!, $first: Int, $after: String, $filter: SessionFilter) {\n    script(id: $id) {\n      sessions(first: $first, after: $after, filter: $filter) {\n        edges {\n          cursor\n        }\n      }\n    }\n  }\n"): (typeof documents)["\n  query Cursors($id: ID!, $first: Int, $after: String, $filter: SessionFilter) {\n    script(id: $id) {\n      sessions(first: $first, after: $after, filter: $filter) {\n        edges {\n          cursor\n        }\n      }\n    }\n  }\n"];
/**
 * The graphql function is used to parse GraphQL queries into a document that can be used by GraphQL clients.
 */
export function graphql(source: "\n  query OneSession($id: ID!) {\n    session(id: $id) {\n      id\n      script {\n        id\n      }\n      userKey\n      robloxId\n      placeId\n      jobId\n      createdAt\n    }\n  }\n"): (typeof documents)["\n  query OneSession($id: ID!) {\n    session(id: $id) {\n      id\n      script {\n        id\n      }\n      userKey\n      robloxId\n      placeId\n      jobId\n      createdAt\n    }\n  }\n"];
/**
 * The graphql function is used to parse GraphQL queries into a document that can be used by GraphQL clients.
 */
export function graphql(source: "\n  query SessionPage($id: ID!, $first: Int, $after: String, $filter: SessionFilter) {\n    script(id: $id) {\n      sessions(first: $first, after: $after, filter: $filter) {\n        edges {\n          cursor\n          node {\n            id\n          }\n        }\n        nodes {\n          id\n          userKey\n          robloxId\n          placeId\n          jobId\n        }\n        pageInfo {\n          hasPreviousPage\n          startCursor\n          endCursor\n        }\n      }\n    }\n  }\n"): (typeof documents)["\n  query SessionPage($id: ID!, $first: Int, $after: String, $filter: SessionFilter) {\n    script(id: $id) {\n      sessions(first: $first, after: $after, filter: $filter) {\n        edges {\n          cursor\n          node {\n            id\n          }\n        }\n        nodes {\n          id\n          userKey\n          robloxId\n          placeId\n          jobId\n        }\n        pageInfo {\n          hasPreviousPage\n          startCursor\n          endCursor\n        }\n      }\n    }\n  }\n"];
/**
 * The graphql function is used to parse GraphQL queries into a document that can be used by GraphQL clients.
 */
export function graphql(source: "\n  query DefaultPage($id: ID!) {\n    script(id: $id) {\n      sessions {\n        nodes {\n          id\n        }\n      }\n    }\n  }\n"): (typeof documents)["\n  query DefaultPage($id: ID!) {\n    script(id: $id) {\n      sessions {\n        nodes {\n          id\n        }\n      }\n    }\n  }\n"];
/**
 * The graphql function is used to parse GraphQL queries into a document that can be used by GraphQL clients.
 */
export function graphql(source: "\n  query WholeUser($key: ID!) {\n    user(key: $key) {\n      key\n      discordId\n      fingerprintAssigned\n      executor\n      executions\n      keyExpiresAt\n      lastResetAt\n      totalFingerprintResets\n      note\n      blacklist {\n        reason\n        expiresAt\n      }\n      fingerprint\n    }\n  }\n"): (typeof documents)["\n  query WholeUser($key: ID!) {\n    user(key: $key) {\n      key\n      discordId\n      fingerprintAssigned\n      executor\n      executions\n      keyExpiresAt\n      lastResetAt\n      totalFingerprintResets\n      note\n      blacklist {\n        reason\n        expiresAt\n      }\n      fingerprint\n    }\n  }\n"];
/**
 * The graphql function is used to parse GraphQL queries into a document that can be used by GraphQL clients.
 */
export function graphql(source: "\n  query UserKeys($keys: [ID!]!) {\n    users(keys: $keys) {\n      key\n      executions\n    }\n  }\n"): (typeof documents)["\n  query UserKeys($keys: [ID!]!) {\n    users(keys: $keys) {\n      key\n      executions\n    }\n  }\n"];
/**
 * The graphql function is used to parse GraphQL queries into a document that can be used by GraphQL clients.
 */
export function graphql(source: "\n  fragment Refused on Refusal {\n    message\n    ... on InvalidFields {\n      fields {\n        path\n        messages\n      }\n    }\n    ... on NotPermitted {\n      reasons\n    }\n    ... on UnknownRefusal {\n      code\n    }\n  }\n"): (typeof documents)["\n  fragment Refused on Refusal {\n    message\n    ... on InvalidFields {\n      fields {\n        path\n        messages\n      }\n    }\n    ... on NotPermitted {\n      reasons\n    }\n    ... on UnknownRefusal {\n      code\n    }\n  }\n"];
/**
 * The graphql function is used to parse GraphQL queries into a document that can be used by GraphQL clients.
 */
export function graphql(source: "\n  mutation Edit($input: EditScriptInput!) {\n    editScript(input: $input) {\n      __typename\n      ...Refused\n    }\n  }\n"): (typeof documents)["\n  mutation Edit($input: EditScriptInput!) {\n    editScript(input: $input) {\n      __typename\n      ...Refused\n    }\n  }\n"];
/**
 * The graphql function is used to parse GraphQL queries into a document that can be used by GraphQL clients.
 */
export function graphql(source: "\n  mutation Update($input: UpdateScriptInput!) {\n    updateScript(input: $input) {\n      __typename\n      ...Refused\n    }\n  }\n"): (typeof documents)["\n  mutation Update($input: UpdateScriptInput!) {\n    updateScript(input: $input) {\n      __typename\n      ...Refused\n    }\n  }\n"];
/**
 * The graphql function is used to parse GraphQL queries into a document that can be used by GraphQL clients.
 */
export function graphql(source: "\n  mutation Toggle($input: ToggleScriptInput!) {\n    toggleScript(input: $input) {\n      __typename\n      ...Refused\n    }\n  }\n"): (typeof documents)["\n  mutation Toggle($input: ToggleScriptInput!) {\n    toggleScript(input: $input) {\n      __typename\n      ...Refused\n    }\n  }\n"];
/**
 * The graphql function is used to parse GraphQL queries into a document that can be used by GraphQL clients.
 */
export function graphql(source: "\n  mutation Delete($input: DeleteScriptInput!) {\n    deleteScript(input: $input) {\n      __typename\n      ... on DeleteScriptSuccess {\n        deletedScriptId\n      }\n      ...Refused\n    }\n  }\n"): (typeof documents)["\n  mutation Delete($input: DeleteScriptInput!) {\n    deleteScript(input: $input) {\n      __typename\n      ... on DeleteScriptSuccess {\n        deletedScriptId\n      }\n      ...Refused\n    }\n  }\n"];
/**
 * The graphql function is used to parse GraphQL queries into a document that can be used by GraphQL clients.
 */
export function graphql(source: "\n  mutation Disconnect($input: DisconnectSessionInput!) {\n    disconnectSession(input: $input) {\n      __typename\n      ... on DisconnectSessionSuccess {\n        disconnectedSessionId\n      }\n      ...Refused\n    }\n  }\n"): (typeof documents)["\n  mutation Disconnect($input: DisconnectSessionInput!) {\n    disconnectSession(input: $input) {\n      __typename\n      ... on DisconnectSessionSuccess {\n        disconnectedSessionId\n      }\n      ...Refused\n    }\n  }\n"];
/**
 * The graphql function is used to parse GraphQL queries into a document that can be used by GraphQL clients.
 */
export function graphql(source: "\n  mutation DisconnectMany($input: DisconnectSessionsInput!) {\n    disconnectSessions(input: $input) {\n      __typename\n      ... on DisconnectSessionsSuccess {\n        disconnectedSessionIds\n      }\n      ...Refused\n    }\n  }\n"): (typeof documents)["\n  mutation DisconnectMany($input: DisconnectSessionsInput!) {\n    disconnectSessions(input: $input) {\n      __typename\n      ... on DisconnectSessionsSuccess {\n        disconnectedSessionIds\n      }\n      ...Refused\n    }\n  }\n"];
/**
 * The graphql function is used to parse GraphQL queries into a document that can be used by GraphQL clients.
 */
export function graphql(source: "\n  mutation Message($input: MessageSessionInput!) {\n    messageSession(input: $input) {\n      __typename\n      ... on MessageDelivered {\n        response\n      }\n      ... on MessageNotDelivered {\n        reason\n        detail\n      }\n      ...Refused\n    }\n  }\n"): (typeof documents)["\n  mutation Message($input: MessageSessionInput!) {\n    messageSession(input: $input) {\n      __typename\n      ... on MessageDelivered {\n        response\n      }\n      ... on MessageNotDelivered {\n        reason\n        detail\n      }\n      ...Refused\n    }\n  }\n"];
/**
 * The graphql function is used to parse GraphQL queries into a document that can be used by GraphQL clients.
 */
export function graphql(source: "\n  mutation EditProject($input: EditProjectInput!) {\n    editProject(input: $input) {\n      __typename\n      ...Refused\n    }\n  }\n"): (typeof documents)["\n  mutation EditProject($input: EditProjectInput!) {\n    editProject(input: $input) {\n      __typename\n      ...Refused\n    }\n  }\n"];
/**
 * The graphql function is used to parse GraphQL queries into a document that can be used by GraphQL clients.
 */
export function graphql(source: "\n  mutation DeleteProject($input: DeleteProjectInput!) {\n    deleteProject(input: $input) {\n      __typename\n      ... on DeleteProjectSuccess {\n        deletedProjectId\n      }\n      ...Refused\n    }\n  }\n"): (typeof documents)["\n  mutation DeleteProject($input: DeleteProjectInput!) {\n    deleteProject(input: $input) {\n      __typename\n      ... on DeleteProjectSuccess {\n        deletedProjectId\n      }\n      ...Refused\n    }\n  }\n"];
/**
 * The graphql function is used to parse GraphQL queries into a document that can be used by GraphQL clients.
 */
export function graphql(source: "\n  mutation EditUser($input: EditUserInput!) {\n    editUser(input: $input) {\n      __typename\n      ...Refused\n    }\n  }\n"): (typeof documents)["\n  mutation EditUser($input: EditUserInput!) {\n    editUser(input: $input) {\n      __typename\n      ...Refused\n    }\n  }\n"];
/**
 * The graphql function is used to parse GraphQL queries into a document that can be used by GraphQL clients.
 */
export function graphql(source: "\n  mutation Blacklist($input: BlacklistUserInput!) {\n    blacklistUser(input: $input) {\n      __typename\n      ...Refused\n    }\n  }\n"): (typeof documents)["\n  mutation Blacklist($input: BlacklistUserInput!) {\n    blacklistUser(input: $input) {\n      __typename\n      ...Refused\n    }\n  }\n"];
/**
 * The graphql function is used to parse GraphQL queries into a document that can be used by GraphQL clients.
 */
export function graphql(source: "\n  mutation Unblacklist($input: UnblacklistUserInput!) {\n    unblacklistUser(input: $input) {\n      __typename\n      ...Refused\n    }\n  }\n"): (typeof documents)["\n  mutation Unblacklist($input: UnblacklistUserInput!) {\n    unblacklistUser(input: $input) {\n      __typename\n      ...Refused\n    }\n  }\n"];
/**
 * The graphql function is used to parse GraphQL queries into a document that can be used by GraphQL clients.
 */
export function graphql(source: "\n  mutation CreateAdSystem($input: CreateAdSystemInput!) {\n    createAdSystem(input: $input) {\n      __typename\n      ... on CreateAdSystemSuccess {\n        adSystemId\n      }\n      ...Refused\n    }\n  }\n"): (typeof documents)["\n  mutation CreateAdSystem($input: CreateAdSystemInput!) {\n    createAdSystem(input: $input) {\n      __typename\n      ... on CreateAdSystemSuccess {\n        adSystemId\n      }\n      ...Refused\n    }\n  }\n"];
/**
 * The graphql function is used to parse GraphQL queries into a document that can be used by GraphQL clients.
 */
export function graphql(source: "\n  mutation EditAdSystem($input: EditAdSystemInput!) {\n    editAdSystem(input: $input) {\n      __typename\n      ... on EditAdSystemSuccess {\n        adSystem {\n          name\n          allowExtending\n        }\n      }\n      ...Refused\n    }\n  }\n"): (typeof documents)["\n  mutation EditAdSystem($input: EditAdSystemInput!) {\n    editAdSystem(input: $input) {\n      __typename\n      ... on EditAdSystemSuccess {\n        adSystem {\n          name\n          allowExtending\n        }\n      }\n      ...Refused\n    }\n  }\n"];
/**
 * The graphql function is used to parse GraphQL queries into a document that can be used by GraphQL clients.
 */
export function graphql(source: "\n  query ReadScript($id: ID!) {\n    script(id: $id) {\n      id\n      name\n    }\n  }\n"): (typeof documents)["\n  query ReadScript($id: ID!) {\n    script(id: $id) {\n      id\n      name\n    }\n  }\n"];
/**
 * The graphql function is used to parse GraphQL queries into a document that can be used by GraphQL clients.
 */
export function graphql(source: "\n  query ReadScripts($ids: [ID!]!) {\n    scripts(ids: $ids) {\n      id\n      name\n    }\n  }\n"): (typeof documents)["\n  query ReadScripts($ids: [ID!]!) {\n    scripts(ids: $ids) {\n      id\n      name\n    }\n  }\n"];
/**
 * The graphql function is used to parse GraphQL queries into a document that can be used by GraphQL clients.
 */
export function graphql(source: "\n  query ReadWholeScript($id: ID!) {\n    script(id: $id) {\n      name\n      executions {\n        date\n        count\n      }\n      sessions(first: 2) {\n        nodes {\n          id\n          jobId\n        }\n      }\n      filtered: sessions(first: 2, filter: { placeId: \"606849621\" }) {\n        nodes {\n          id\n          jobId\n        }\n      }\n    }\n  }\n"): (typeof documents)["\n  query ReadWholeScript($id: ID!) {\n    script(id: $id) {\n      name\n      executions {\n        date\n        count\n      }\n      sessions(first: 2) {\n        nodes {\n          id\n          jobId\n        }\n      }\n      filtered: sessions(first: 2, filter: { placeId: \"606849621\" }) {\n        nodes {\n          id\n          jobId\n        }\n      }\n    }\n  }\n"];
/**
 * The graphql function is used to parse GraphQL queries into a document that can be used by GraphQL clients.
 */
export function graphql(source: "\n  query ById($id: ID!) {\n    script(id: $id) {\n      id\n    }\n    scripts(ids: [$id]) {\n      id\n    }\n    session(id: $id) {\n      id\n    }\n    project(id: $id) {\n      id\n    }\n    projects(ids: [$id]) {\n      id\n    }\n  }\n"): (typeof documents)["\n  query ById($id: ID!) {\n    script(id: $id) {\n      id\n    }\n    scripts(ids: [$id]) {\n      id\n    }\n    session(id: $id) {\n      id\n    }\n    project(id: $id) {\n      id\n    }\n    projects(ids: [$id]) {\n      id\n    }\n  }\n"];
/**
 * The graphql function is used to parse GraphQL queries into a document that can be used by GraphQL clients.
 */
export function graphql(source: "\n  query Filtered($id: ID!, $filter: SessionFilter) {\n    script(id: $id) {\n      sessions(filter: $filter) {\n        nodes {\n          id\n        }\n      }\n    }\n  }\n"): (typeof documents)["\n  query Filtered($id: ID!, $filter: SessionFilter) {\n    script(id: $id) {\n      sessions(filter: $filter) {\n        nodes {\n          id\n        }\n      }\n    }\n  }\n"];
/**
 * The graphql function is used to parse GraphQL queries into a document that can be used by GraphQL clients.
 */
export function graphql(source: "\n  mutation WriteThenRead($id: ID!) {\n    editScript(input: { id: $id, name: \"new\" }) {\n      ... on EditScriptSuccess {\n        script {\n          ...Everything\n        }\n      }\n    }\n    updateScript(input: { id: $id, source: \"print(1)\" }) {\n      ... on UpdateScriptSuccess {\n        script {\n          ...Everything\n        }\n      }\n    }\n    toggleScript(input: { id: $id, enabled: true }) {\n      ... on ToggleScriptSuccess {\n        script {\n          ...Everything\n        }\n      }\n    }\n  }\n\n  fragment Everything on Script {\n    name\n    executions {\n      date\n    }\n    sessions(first: 2) {\n      nodes {\n        jobId\n      }\n    }\n    filtered: sessions(first: 2, filter: { placeId: \"606849621\" }) {\n      nodes {\n        jobId\n      }\n    }\n  }\n"): (typeof documents)["\n  mutation WriteThenRead($id: ID!) {\n    editScript(input: { id: $id, name: \"new\" }) {\n      ... on EditScriptSuccess {\n        script {\n          ...Everything\n        }\n      }\n    }\n    updateScript(input: { id: $id, source: \"print(1)\" }) {\n      ... on UpdateScriptSuccess {\n        script {\n          ...Everything\n        }\n      }\n    }\n    toggleScript(input: { id: $id, enabled: true }) {\n      ... on ToggleScriptSuccess {\n        script {\n          ...Everything\n        }\n      }\n    }\n  }\n\n  fragment Everything on Script {\n    name\n    executions {\n      date\n    }\n    sessions(first: 2) {\n      nodes {\n        jobId\n      }\n    }\n    filtered: sessions(first: 2, filter: { placeId: \"606849621\" }) {\n      nodes {\n        jobId\n      }\n    }\n  }\n"];
/**
 * The graphql function is used to parse GraphQL queries into a document that can be used by GraphQL clients.
 */
export function graphql(source: "\n  query BadBetweenGood {\n    before: script(id: \"good\") {\n      name\n    }\n    script(id: \"bad\") {\n      id\n      project {\n        id\n      }\n      name\n      freeForAll\n      useHeartbeat\n      kickOutdated\n      requireSessions\n      enabled\n      totalExecutions\n      totalSessions\n      totalInstances\n    }\n    after: script(id: \"good\") {\n      enabled\n    }\n  }\n"): (typeof documents)["\n  query BadBetweenGood {\n    before: script(id: \"good\") {\n      name\n    }\n    script(id: \"bad\") {\n      id\n      project {\n        id\n      }\n      name\n      freeForAll\n      useHeartbeat\n      kickOutdated\n      requireSessions\n      enabled\n      totalExecutions\n      totalSessions\n      totalInstances\n    }\n    after: script(id: \"good\") {\n      enabled\n    }\n  }\n"];

export function graphql(source: string) {
  return (documents as any)[source] ?? {};
}

export type DocumentType<TDocumentNode extends DocumentNode<any, any>> = TDocumentNode extends DocumentNode<  infer TType,  any>  ? TType  : never;