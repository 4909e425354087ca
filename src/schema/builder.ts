import SchemaBuilder from '@pothos/core';
import DataloaderPlugin from '@pothos/plugin-dataloader';
import DirectivesPlugin from '@pothos/plugin-directives';
import type { Context } from '../context.ts';

/** Fields are non-null unless they say otherwise; inputs are optional unless they say otherwise. */
export const builder = new SchemaBuilder<{
  Context: Context;
  DefaultFieldNullability: false;
  Directives: {
    fetchable: { locations: 'OBJECT'; args: { field_name: string } };
    shareable: { locations: 'OBJECT' };
  };
  Scalars: {
    ID: { Input: string; Output: string | number };
    DateTime: { Input: Date; Output: Date };
    SafeInt: { Input: number; Output: number };
    JSON: { Input: unknown; Output: unknown };
  };
}>({
  defaultFieldNullability: false,
  plugins: [DataloaderPlugin, DirectivesPlugin],
});

export type Types = (typeof builder)['$inferSchemaTypes'];

/** Makes the fields of an object type. */
export type Fields<Source> = PothosSchemaTypes.ObjectFieldBuilder<Types, Source>;

builder.queryType({
  description:
    'Reads. Each distinct script, session, execution list and session page is asked for once per operation.',
});

builder.mutationType({
  description:
    'Writes, carried out one after the other. A mutation answers with a union: its success, or what LuaAuth refuses, as a type of its own. A failure on the way (no credential, quota, timeout, no usable answer) is an entry in errors; its extensions.outcome says whether the write may have been carried out all the same. Then data is null: the writes before it were carried out, and those behind it are not sent.',
});
