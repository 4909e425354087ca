import type { Plugin, YogaServerInstance } from 'graphql-yoga';
import type { Execute, ExecuteArgs } from '../execution/execute.ts';
import { type SubscribeArgs, type Subscribed, subscribe } from '../execution/subscribe.ts';
import { type ExecutionHooks, isStream } from './pipeline.ts';

type GetEnveloped = YogaServerInstance<object, object>['getEnveloped'];

interface ObservedArgs extends SubscribeArgs {
  /** Told the gateway's own results, which a plugin may wrap or drop. */
  readonly onBegun: (results: Subscribed) => void;
}

/** The gateway's own execution. It comes before the embedder's plugins, so that they can wrap it. */
export function createExecutionPlugin(execute: Execute): Plugin {
  return {
    onExecute({ args: { document, variableValues }, setExecuteFn }) {
      setExecuteFn((args) => {
        if (args.document !== document || args.variableValues !== variableValues) throw new Error(REPLACED);
        // Yoga hands on the arguments of `hooksIn`, which its types do not know.
        return execute(args as ExecuteArgs);
      });
    },
    onSubscribe({ setSubscribeFn }) {
      setSubscribeFn(async (args) => {
        const { onBegun, ...own } = args as ObservedArgs;
        const results = await subscribe(own);
        onBegun(results);
        return results;
      });
    },
  };
}

const REPLACED =
  'A plugin has replaced the document or the variables in onExecute, after they were checked and priced. Replace them in onParams.';

/** Lets the hooks onExecute and onSubscribe of an embedder's plugins wrap an operation, whose context they share. */
export function hooksIn(getEnveloped: GetEnveloped, context: object): ExecutionHooks {
  const enveloped = getEnveloped(context as never);
  let begun: Subscribed | undefined;
  const ended = () => {
    if (begun && isStream(begun)) void begun.return?.();
  };
  return {
    extend: (own) => Object.assign(context, own),
    execute: (args) => enveloped.execute(args),
    async subscribe(args) {
      let results: Subscribed | undefined;
      const observed: ObservedArgs = {
        ...args,
        onBegun(own) {
          begun = own;
        },
      };
      try {
        results = (await enveloped.subscribe(observed)) as Subscribed;
        return results;
      } finally {
        // A plugin has failed, or put another result in the place of the stream.
        if (!results || !isStream(results)) ended();
      }
    },
    ended,
  };
}
