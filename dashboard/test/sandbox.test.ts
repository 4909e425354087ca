import { test } from 'node:test';
import { openDashboard } from './support/fixture.ts';

const fixture = openDashboard({ LUAAUTH_API_URL: '' });

test('the sign-in names the key of the sandbox where the sandbox answers', async () => {
  const { page } = await fixture.visit();
  await page.getByText('This gateway serves the sandbox, whose key is sandbox-key.').waitFor();
});
