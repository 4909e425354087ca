import assert from 'node:assert/strict';
import { test } from 'node:test';
import { axeProblems } from '../../test/support/browsers/axe.ts';
import { openDashboard, sandboxKeys, seeded } from './support/fixture.ts';

const { scriptId, freeForAllScriptId } = seeded;
const GATEWAY_KEY = 'viewer-Vd8sK2mQ41xZ';

const fixture = openDashboard({
  LUAAUTH_TOKEN: sandboxKeys.full,
  GATEWAY_KEYS: GATEWAY_KEY,
  METRICS_SCRIPTS: scriptId,
});

for (const colorScheme of ['light', 'dark'] as const) {
  for (const width of [1280, 390]) {
    test(`the plot of users online has axes and values, ${colorScheme}, ${width} px`, async () => {
      const options = { colorScheme, viewport: { width, height: 900 } };
      const { page, complaints } = await fixture.open(`script/${scriptId}`, options, GATEWAY_KEY);
      const plot = page.getByRole('img', { name: /^Users online, last 24 hours: 180 users at / });
      await plot.waitFor();
      const figure = page.locator('figure', { has: plot });
      assert.ok((await figure.locator('rect').count()) >= 1);
      // The labels of the axis have room.
      const labels = await figure.locator('svg .day text').count();
      assert.equal(labels, width < 500 ? 2 : 5);
      await plot.focus();
      // Half an hour before, the gateway did not run.
      for (let press = 0; press < 3; press += 1) await page.keyboard.press('ArrowLeft');
      assert.match(await figure.locator('output').innerText(), /^No sample at /);
      await figure.getByText('Values').click();
      assert.match(await figure.getByRole('row').last().innerText(), /180/);
      assert.equal(await page.evaluate('document.documentElement.scrollWidth > innerWidth'), false);
      assert.deepEqual(await axeProblems(page), []);
      assert.deepEqual(complaints, []);
    });
  }
}

test('a script that is not sampled has no such plot', async () => {
  const { page } = await fixture.open(`script/${freeForAllScriptId}`, undefined, GATEWAY_KEY);
  await page.getByText('Executions by day').waitFor();
  assert.equal(await page.getByText('Users online').count(), 0);
});
