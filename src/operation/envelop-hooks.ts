import { type ExecutionResult, specifiedRules } from 'graphql';
import type { Plugin, YogaInitialContext, YogaServerInstance } from 'graphql-yoga';
import type { Context } from '../context.ts';
import type { ExecuteArgs } from '../execution/execute.ts';
import { type Subscribed, subscribe } from '../execution/subscribe.ts';
import { validateDocument } from '../plan/document.ts';
import { coerceVariables } from '../plan/variables.ts';
import type { DocumentEntry } from './document-cache.ts';
import { type ExecutionHooks, isStream, type PipelineOptions } from './pipeline.ts';

type EnvelopHooksOptions = Pick<PipelineOptions, 'schema' | 'limits' | 'documents' | 'execute'>;

type GetEnveloped = YogaServerInstance<never, Context>['getEnveloped'];

/** The state of an operation for the hooks below, kept as `operation` in the context that the plugins share. */
export interface OperationSlot {
  entry?: DocumentEntry;
  variables?: ExecuteArgs['variableValues'];
  subscribed?: Subscribed;
}

/** Lets an embedder's plugins wrap the pipeline. This plugin comes first, so that they can override it. */
export function createEnvelopHooks({ schema, limits, documents, execute }: EnvelopHooksOptions) {
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
    onExecute({ setExecuteFn }) {
      // The pipeline's own arguments arrive here, whatever a plugin has changed in them.
      setExecuteFn((args) => {
        const given = args as ExecuteArgs;
        // If a plugin has replaced the variables, they are coerced again.
        const hasSentVariables = given.variableValues === slotOf(given.contextValue as object).variables;
        if (hasSentVariables) return execute(given);
        const read = coerceVariables(given.prepared, given.variableValues ?? {});
        return 'errors' in read ? read : execute({ ...given, coerced: read.coerced });
      });
    },
    onSubscribe({ setSubscribeFn }) {
      setSubscribeFn(async (given) => {
        const subscribed = await subscribe(given as ExecuteArgs);
        slotOf(given.contextValue as object).subscribed = subscribed;
        return subscribed;
      });
    },
  };

  /** The hooks of one operation, in the context that its plugins share. */
  const hooksFor = (getEnveloped: GetEnveloped, context: object): ExecutionHooks => {
    const slot = slotOf(context);
    // At the place where Yoga's own plugins find it.
    const { operationName } = (context as Partial<Pick<YogaInitialContext, 'params'>>).params ?? {};
    const enveloped = getEnveloped(context as never);
    /** Ends the pipeline's own results, in case a plugin's wrapper does not pass on the end. */
    const ended = () => {
      const { subscribed } = slot;
      if (subscribed && isStream(subscribed)) void subscribed.return?.();
    };
    return {
      parse(entry, text) {
        slot.entry = entry;
        // Yoga would answer a missing operation with another status than the pipeline does.
        if (entry.document && !entry.find(operationName)) return entry;
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
      async subscribe(args) {
        let result: Subscribed | undefined;
        try {
          result = (await enveloped.subscribe(args)) as Subscribed | undefined;
          return result as Subscribed;
        } finally {
          // A plugin has failed or replaced the stream.
          if (!(result && isStream(result))) ended();
        }
      },
      ended,
    };
  };

  return { plugin, hooksFor };
}

function slotOf(context: object): OperationSlot {
  return (context as { readonly operation: OperationSlot }).operation;
}
