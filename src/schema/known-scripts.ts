import { createContextCache } from '@pothos/core';
import type { Context } from '../context.ts';
import type { Script } from '../luaauth/scripts.ts';

/**
 * The scripts whose sessions an operation reads, by id: each session leads back to its script at once. The loader would
 * make a promise for each (measured: a sixth of an operation over 50 sessions). A write forgets them with the loaders.
 */
export const knownScripts: (context: Context) => Map<string, Script> = createContextCache(() => new Map());
