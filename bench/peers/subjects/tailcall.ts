/** Tailcall's configuration: the schema, with where each field comes from. */
export function tailcallConfiguration(upstreamUrl: string, port: number): string {
  return `
schema
  @server(hostname: "127.0.0.1", port: ${port})
  @upstream(allowedHeaders: ["token"], poolMaxIdlePerHost: 128) {
  query: Query
}
type Query {
  script(id: ID!): Script
    @http(url: "${upstreamUrl}/scripts/{{.args.id}}", dedupe: true, select: "{{.script}}")
}
type Script {
  id: ID!
  name: String!
  enabled: Boolean!
  total_executions: Int! @modify(name: "totalExecutions")
  sessions(first: Int = 50): SessionConnection!
    @http(
      url: "${upstreamUrl}/scripts/{{.value.id}}/sessions"
      method: POST
      body: "{\\"from\\":0,\\"limit\\":{{.args.first}}}"
      dedupe: true
      select: { nodes: "{{.sessions}}" }
    )
}
type SessionConnection { nodes: [Session!]! }
type Session {
  id: ID!
  script_id: ID! @omit
  roblox_id: ID! @modify(name: "robloxId")
  script: Script! @http(url: "${upstreamUrl}/scripts/{{.value.script_id}}", dedupe: true, select: "{{.script}}")
}
`;
}
