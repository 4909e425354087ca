import { builder } from './builder.ts';

export const Project = builder.objectRef<{ id: string }>('Project').implement({
  description:
    'A project, to which scripts belong. For now only its id: in a supergraph another subgraph may contribute more.',
  fields: (t) => ({
    id: t.exposeID('id', { description: "The project's id in LuaAuth." }),
  }),
});

builder.asEntity(Project, {
  key: builder.keyDirective(builder.selection<{ id: string }>('id'), false),
  resolveReference: (reference) => reference,
});
