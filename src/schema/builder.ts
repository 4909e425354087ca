import type { Context } from '../context.ts';
import { GATEWAY_PLUGIN } from './gateway-plugin.ts';
import { DataloaderPlugin, DirectivesPlugin, pothos } from './pothos.ts';

/** Fields are non-null by default; input fields are optional by default. */
export const builder = new pothos.default<{
  Context: Context;
  DefaultFieldNullability: false;
  Directives: {
    fetchable: { locations: 'OBJECT'; args: { field_name: string } };
    shareable: { locations: 'OBJECT' };
  };
  Scalars: {
    ID: { Input: string; Output: string | number };
    /** A number is an instant in ms since 1970. */
    DateTime: { Input: Date; Output: Date | number };
    SafeInt: { Input: number; Output: number };
    JSON: { Input: unknown; Output: unknown };
  };
}>({
  defaultFieldNullability: false,
  plugins: [GATEWAY_PLUGIN, DataloaderPlugin, DirectivesPlugin],
});

export type Types = (typeof builder)['$inferSchemaTypes'];

builder.queryType({
  description:
    'Reads. An operation asks once for each distinct script, session, execution list and session page.',
});

builder.mutationType({
  description:
    'Writes, carried out one after the other. The result of a mutation is a union: its success, and a type for each refusal by LuaAuth. Any other failure (no credential, quota, timeout, unusable answer) is an entry in `errors`. Its `extensions.outcome` says whether LuaAuth may have carried out the write. Then `data` is null: earlier writes of the operation were carried out, later writes are not sent.',
});
