import type { Plugin } from 'graphql-yoga';
import { checkPrice } from './check-price.ts';
import type { Limits } from './limits.ts';
import { hideToken } from './literals.ts';
import { checkLength, scanDocument } from './scan.ts';
import { checkStructure } from './structure.ts';
import { validateBriefly } from './validation.ts';

/**
 * Refuses what asks for too much, each time before the step that would pay for it: by length before Yoga's caches see
 * the document, by tokens before it is parsed, by form before it is validated, by price before it runs. What is said of
 * its form is cached as validation is, so that each document is measured once.
 */
export function createLimits(limits: Limits): Plugin {
  return {
    onParse({ params, parseFn, setParseFn }) {
      checkLength(params.source.toString(), limits);
      setParseFn((source, options) => {
        scanDocument(source.toString(), limits);
        try {
          return parseFn(source, options);
        } catch (error) {
          throw hideToken(error);
        }
      });
    },
    onValidate({ setValidationFn }) {
      setValidationFn((schema, document, rules) => {
        const refusals = checkStructure(document, limits);
        return refusals.length > 0 ? refusals : validateBriefly(schema, document, rules);
      });
    },
    onExecute({ args, setResultAndStopExecution }) {
      const refusal = checkPrice(args, limits);
      if (refusal) setResultAndStopExecution({ errors: [refusal] });
    },
  };
}
