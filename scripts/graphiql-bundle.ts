import { fileURLToPath } from 'node:url';
import { build } from 'vite';

const ROOT = fileURLToPath(new URL('..', import.meta.url));

/** The source of the module that holds the page's own script. */
export async function bundleGraphiQL(): Promise<string> {
  const results = await build({
    root: ROOT,
    configFile: false,
    logLevel: 'error',
    build: {
      write: false,
      minify: false,
      target: 'es2022',
      lib: { entry: 'src/graphiql/browser/start.ts', formats: ['iife'], name: 'LuaAuthGraphiQL' },
    },
  });
  const [result] = [results].flat();
  const code = result && 'output' in result ? result.output[0].code : '';
  const lines = code
    .trimEnd()
    .split('\n')
    .map((line) => `  ${JSON.stringify(line.replaceAll('\t', '  '))},`);
  return [
    '// Made of src/graphiql/browser by `npm run bundle:graphiql`.',
    'export const PAGE_SCRIPT: string = [',
    ...lines,
    "].join('\\n');",
    '',
  ].join('\n');
}
