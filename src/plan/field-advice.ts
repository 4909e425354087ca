import {
  type ASTVisitor,
  FieldsOnCorrectTypeRule,
  GraphQLError,
  type GraphQLObjectType,
  type GraphQLSchema,
  getEnterLeaveForKind,
  getNamedType,
  isObjectType,
  isRequiredArgument,
  Kind,
  ProvidedRequiredArgumentsRule,
  specifiedRules,
  type ValidationContext,
  type ValidationRule,
} from 'graphql';

/** Words of sellers in lower case, and the root field that each of them means. */
export const SYNONYMS: Readonly<Record<string, string>> = {
  ban: 'blacklistUser',
  banuser: 'blacklistUser',
  blacklist: 'blacklistUser',
  unban: 'unblacklistUser',
  unbanuser: 'unblacklistUser',
  unblacklist: 'unblacklistUser',
  extendkey: 'editUser',
  extenduser: 'editUser',
  updateuser: 'editUser',
  kick: 'disconnectSession',
  kickuser: 'disconnectSession',
  disconnectuser: 'disconnectSession',
  kickusers: 'disconnectSessions',
  disconnectusers: 'disconnectSessions',
  sendmessage: 'messageSession',
  messageuser: 'messageSession',
  deployscript: 'updateScript',
  uploadscript: 'updateScript',
  finduser: 'usersByDiscordId',
  userbydiscordid: 'usersByDiscordId',
  listprojects: 'knownProjects',
};

/** By the root field that needs ids: where they come from, as LuaAuth lists no objects of an account but ad systems. */
export const SOURCES_OF_IDS: Readonly<Record<string, string>> = {
  project: 'knownProjects { id }',
  projects: 'knownProjects { id }',
  script: 'project { scripts { id } }',
  scripts: 'project { scripts { id } }',
  session: 'script { sessions { nodes { id } } }',
  user: 'script { sessions { nodes { userKey } } }',
  users: 'script { sessions { nodes { userKey } } }',
};

/** What LuaAuth's API does not offer. */
const NOT_OFFERED = /^(?:reset_?hwid|hwid_?reset|whitelist(?:_?user)?)$/i;

/** The rules of graphql-js. Two of them say more about fields of this schema. */
export const RULES: readonly ValidationRule[] = specifiedRules.map((rule) => {
  if (rule === FieldsOnCorrectTypeRule) return fieldsOnCorrectType;
  return rule === ProvidedRequiredArgumentsRule ? providedRequiredArguments : rule;
});

function fieldsOnCorrectType(context: ValidationContext): ASTVisitor {
  const { enter } = getEnterLeaveForKind(FieldsOnCorrectTypeRule(context), Kind.FIELD);
  return {
    Field(node, ...place) {
      const type = context.getParentType();
      const name = node.name.value;
      const isUnknown = isObjectType(type) && !context.getFieldDef();
      const advice = isUnknown ? adviceFor(name, type, context.getSchema()) : undefined;
      if (!isUnknown || advice === undefined) return enter?.call(undefined, node, ...place);
      const message = `Cannot query field "${name}" on type "${type.name}". ${advice}`;
      context.reportError(new GraphQLError(message, { nodes: node }));
    },
  };
}

function adviceFor(name: string, type: GraphQLObjectType, schema: GraphQLSchema): string | undefined {
  const { nodes } = type.getFields();
  const item = nodes && getNamedType(nodes.type);
  if (isObjectType(item) && item.getFields()[name]) return `Did you mean "nodes { ${name} }"?`;
  const mutations = schema.getMutationType();
  if (type !== schema.getQueryType() && type !== mutations) return undefined;
  if (NOT_OFFERED.test(name)) return "LuaAuth's API does not offer this; the Discord bot of LuaAuth does.";
  const meant = SYNONYMS[name.toLowerCase()];
  if (meant === undefined) return undefined;
  if (type.getFields()[meant]) return `Did you mean "${meant}"?`;
  return mutations?.getFields()[meant] ? `Did you mean the mutation "${meant}"?` : undefined;
}

function providedRequiredArguments(context: ValidationContext): ASTVisitor {
  const visitor = ProvidedRequiredArgumentsRule(context);
  const { leave } = getEnterLeaveForKind(visitor, Kind.FIELD);
  return {
    ...visitor,
    Field: {
      // On leaving the field, as the rule of graphql-js, so that problems inside the field come first.
      leave(node, ...place) {
        const field = context.getFieldDef();
        const isQuery = context.getParentType() === context.getSchema().getQueryType();
        const source = field && isQuery ? SOURCES_OF_IDS[field.name] : undefined;
        const given = node.arguments?.map((argument) => argument.name.value) ?? [];
        const missing = field?.args.find(
          (argument) => isRequiredArgument(argument) && !given.includes(argument.name),
        );
        if (source === undefined || !missing) return leave?.call(undefined, node, ...place);
        const message = `Field "${field?.name}" argument "${missing.name}" of type "${missing.type}" is required, but it was not provided. Its value comes from "${source}", or from your own records.`;
        context.reportError(new GraphQLError(message, { nodes: node }));
      },
    },
  };
}
