import { type ExecutionResult, type GraphQLSchema, specifiedRules } from 'graphql';
import type { Plugin, YogaServerInstance } from 'graphql-yoga';
import type { Context } from '../context.ts';
import type { ExecuteArgs } from '../execution/execute.ts';
import { type Subscribed, subscribe } from '../execution/subscribe.ts';
import type { Limits } from '../limits/limits.ts';
import { validateDocument } from '../limits/validation.ts';
import type { DocumentCache, DocumentEntry } from './document-cache.ts';
import type { Engine, Execute } from './pipeline.ts';

export interface EnvelopEngineOptions {
  readonly schema: GraphQLSchema;
  readonly limits: Limits;
  readonly documents: DocumentCache;
  readonly execute: Execute;
}

type GetEnveloped = YogaServerInstance<never, Context>['getEnveloped'];

/** What the hooks below know of an operation. The context that its plugins share holds it as `operation`. */
export interface OperationSlot {
  entry?: DocumentEntry;
  variables?: ExecuteArgs['variableValues'];
}

/**
 * Lets the Envelop plugins of an embedder wrap the pipeline's own parse, validate and execute. The plugin goes before
 * theirs, so that what they put in its place counts.
 */
export function createEnvelopEngine({ schema, limits, documents, execute }: EnvelopEngineOptions) {
  const plugin: Plugin<Context> = {
    onParse({ context, setParseFn }) {
      setParseFn(() => {
        const { entry } = slotOf(context);
        if (entry?.document) return entry.document;
        throw entry?.refusals[0];
      });
    },
    onValidate({ context, setValidationFn }) {
      setValidationFn((_schema, document, rules = []) =>
        rules.length > specifiedRules.length
          ? validateDocument(schema, document, limits, rules)
          : (slotOf(context).entry?.refusals ?? []),
      );
    },
    onExecute({ args, setExecuteFn }) {
      setExecuteFn((given: ExecuteArgs) => {
        // What a plugin has put in the place of the variables is coerced anew.
        const isAsSent = given.variableValues === slotOf(args.contextValue as object).variables;
        return execute(isAsSent ? given : { ...given, coerced: undefined });
      });
    },
    onSubscribe({ setSubscribeFn }) {
      setSubscribeFn(subscribe);
    },
  };

  /** The engine of one operation, in the context that its plugins share. */
  const createEngine = (getEnveloped: GetEnveloped, context: object): Engine => {
    const slot = slotOf(context);
    const enveloped = getEnveloped(context as never);
    return {
      parse(entry, text) {
        slot.entry = entry;
        const document = enveloped.parse(text);
        if (document !== entry.document) slot.entry = documents.createEntry(document);
        return slot.entry;
      },
      validate: ({ document }) => enveloped.validate(enveloped.schema, document) ?? [],
      createContext: (own) => enveloped.contextFactory(own as never) as unknown as Context,
      execute(args) {
        slot.variables = args.variableValues;
        return enveloped.execute(args) as ExecutionResult | PromiseLike<ExecutionResult>;
      },
      subscribe: (args) => enveloped.subscribe(args) as Promise<Subscribed>,
    };
  };

  return { plugin, createEngine };
}

function slotOf(context: object): OperationSlot {
  return (context as { readonly operation: OperationSlot }).operation;
}
