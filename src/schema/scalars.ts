import { builder } from './builder.ts';
import { DateTime } from './date-time-scalar.ts';
import { AnyJson } from './json-scalar.ts';
import { SafeInt } from './safe-int-scalar.ts';

builder.addScalarType('DateTime', DateTime);
builder.addScalarType('SafeInt', SafeInt);
builder.addScalarType('JSON', AnyJson);
