import { transformAsync } from '@babel/core';
import { defineConfig, type Plugin } from 'vitest/config';

/** Turns graphql tags into what Relay's compiler made of them, as an app's bundler does. */
const relay: Plugin = {
  name: 'relay',
  enforce: 'pre',
  async transform(code, id) {
    if (!/src\/relay\/[\w-]+\.ts$/.test(id) || !code.includes('graphql`')) return null;
    const result = await transformAsync(code, {
      filename: id,
      babelrc: false,
      configFile: false,
      parserOpts: { plugins: ['typescript'] },
      plugins: [['relay', { artifactDirectory: 'src/relay/__generated__', eagerEsModules: true }]],
    });
    return result?.code ? { code: result.code, map: result.map } : null;
  },
};

export default defineConfig({
  plugins: [relay],
  test: {
    include: ['test/**/*.test.ts'],
    testTimeout: 120_000,
    hookTimeout: 120_000,
    // As long as a busy machine may take.
    expect: { poll: { timeout: 45_000 } },
    fileParallelism: false,
    // The built gateway runs in Node itself, so that it and its packages share one copy of graphql.
    server: { deps: { external: [/\/dist\//] } },
  },
});
