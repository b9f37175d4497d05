// node walk.mjs ADDRESS FILES SCREENSHOTS, with the tokens in ADMIN and READER.

import { chromium } from 'playwright-core';
import { readFileSync } from 'node:fs';
import assert from 'node:assert/strict';
import { Checks } from './checks.mjs';

const [base, files, screenshots] = process.argv.slice(2);
const browser = await chromium.launch({ executablePath: '/usr/bin/chromium', args: ['--no-sandbox'] });
const checks = new Checks(screenshots);
const step = text => console.log(text);

async function signedIn(token, landing) {
  const context = await browser.newContext({ acceptDownloads: true });
  const page = await context.newPage();
  page.setDefaultTimeout(20_000);
  checks.watch(page);
  await page.goto(base + landing);
  await page.getByLabel('Token').fill(token);
  return page;
}

step('sign in');
const page = await signedIn(process.env.ADMIN, '/');
await checks.page(page, 'sign-in');
await page.getByRole('button', { name: 'Sign in' }).click();
await page.getByRole('heading', { name: 'There is no repository yet' }).waitFor();
await checks.page(page, 'start-empty');

step('make a repository');
await page.getByLabel('Name').fill('city');
await page.getByRole('button', { name: 'Make it' }).click();
await page.getByRole('heading', { name: 'city', exact: true }).waitFor();
await checks.page(page, 'repository-empty');

step('send a file, slowly, and watch the bar');
const devtools = await page.context().newCDPSession(page);
const network = bytes => devtools.send('Network.emulateNetworkConditions',
  { offline: false, latency: 0, downloadThroughput: -1, uploadThroughput: bytes });
await network(1_000_000);
await page.evaluate(() => {
  window.seen = new Set();
  const bar = document.querySelector('.upload progress');
  new MutationObserver(() => window.seen.add(bar.value)).observe(bar, { attributes: true });
});
await page.getByLabel('Message').fill('Streets of spring');
await page.getByLabel('Drop a file here').setInputFiles(`${files}/first.gpkg`);
await page.getByRole('button', { name: 'See what would change' }).click();
await page.getByText('MB sent').waitFor();
await page.screenshot({ path: `${screenshots}/upload.png`, fullPage: true });
const seen = await page.waitForFunction(() => window.seen.size > 3 && [...window.seen]);
const values = await seen.jsonValue();
assert.ok(values.every((value, at) => at === 0 || value >= values[at - 1]), 'the bar moves forward: ' + values);

step('see what would change, and commit that');
await page.getByRole('heading', { name: 'What would change' }).waitFor();
await network(-1);
assert.match(await page.locator('#result ~ .scroll .changes').first().innerText(), /20,000/);
await checks.page(page, 'dry-run');
assert.equal(await page.getByLabel('Message').inputValue(), 'Streets of spring');
await page.getByRole('button', { name: 'Commit' }).click();
await page.getByRole('link', { name: 'Show the commit' }).waitFor();
await page.getByRole('link', { name: 'Show the commit' }).click();
await page.getByRole('heading', { name: 'Streets of spring' }).waitFor();
await page.locator('#changes-map[data-drawn]').waitFor();

step('look at the layer and at a feature');
await page.goto(base + '/repos/city');
await page.getByRole('link', { name: 'streets', exact: true }).click();
await page.getByRole('heading', { name: 'streets' }).waitFor();
await page.getByText('1 to 50 of 20,000').waitFor();
await page.locator('#map[data-drawn]').waitFor();
await checks.page(page, 'layer');
const colours = () => page.locator('#map canvas').first().evaluate(canvas => {
  const { data } = canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height);
  return new Set(new Uint32Array(data.buffer)).size;
});
assert.ok(await colours() > 3, 'the map has land and features');
await page.locator('#map').click();
await page.locator('#picked').filter({ hasText: /./ }).waitFor();
await page.getByRole('link', { name: 'Next' }).click();
await page.getByText('51 to 100 of 20,000').waitFor();
await page.goto(base + '/repos/city/collections/streets/items/7');
await page.getByRole('heading', { name: 'Feature 7' }).waitFor();
await checks.page(page, 'feature');

step('change it, and see the difference');
await page.goto(base + '/repos/city');
await page.getByLabel('Message').fill('Kerkplein has got its name');
await page.getByLabel('Drop a file here').setInputFiles(`${files}/second.gpkg`);
await page.getByRole('button', { name: 'Import now' }).click();
await page.getByRole('link', { name: 'Show the commit' }).click();
await page.getByRole('heading', { name: 'Kerkplein has got its name' }).waitFor();
await page.getByText('a street with a rather long name, number 6').waitFor();
await page.locator('ins', { hasText: 'Kerkplein' }).waitFor();
await page.locator('#changes-map[data-drawn]').waitFor();
await checks.page(page, 'commit');

step('revert it');
page.once('dialog', dialog => dialog.accept());
await page.getByRole('button', { name: 'Revert this commit' }).click();
await page.getByRole('link', { name: 'Show the commit' }).waitFor();
await page.goto(base + '/repos/city');
await checks.page(page, 'repository');
assert.equal(await page.locator('.history li').count(), 3);

step('download a layer');
const download = page.waitForEvent('download');
await page.getByRole('link', { name: 'streets as csv' }).click();
const csv = readFileSync(await (await download).path(), 'utf8');
assert.equal(csv.trim().split('\n').length, 20_001);

step('watch a task appear, and cancel it');
await page.goto(base + '/tasks');
await page.locator('.tasks li').first().waitFor();
const started = await fetch(base + '/repos/city/osm/download.json?bbox=1,1,2,2', { headers: { Authorization: 'Bearer ' + process.env.ADMIN } });
assert.equal(started.status, 200);
const id = (await started.json()).task.id;
await page.locator(`#task-${id} .status.running`).waitFor();
await checks.page(page, 'tasks');
await page.goto(base + '/');
await page.getByRole('heading', { name: 'Running and waiting' }).waitFor();
await checks.page(page, 'start');
await page.goto(base + '/tasks/' + id);
await checks.page(page, 'task-running');
await page.getByRole('button', { name: 'Cancel' }).click();
await page.locator('.big .status.cancelled').waitFor();

step('a task that fails says why');
await page.goto(base + '/repos/city');
await page.getByLabel('Drop a file here').setInputFiles({ name: 'broken.gpkg', mimeType: 'application/octet-stream', buffer: Buffer.from('no package') });
await page.getByRole('button', { name: 'Import now' }).click();
await page.getByRole('heading', { name: 'Why it failed' }).waitFor();
await checks.page(page, 'task-failed');

step('a refused form says why');
await page.goto(base + '/');
await page.getByLabel('Name', { exact: true }).fill('city');
await page.getByRole('button', { name: 'Make it' }).click();
await page.getByText('already initialized').waitFor();
await checks.page(page, 'refused');

step('filters stay in the address');
await page.goto(base + '/tasks');
await page.getByRole('link', { name: /^failed/ }).click();
await page.getByLabel('Kind').selectOption('import-geopackage');
await page.getByRole('button', { name: 'Filter' }).click();
await page.waitForURL(/status=FAILED.*kind=import-geopackage/);
assert.equal(await page.locator('.tasks li').count(), 1);
page.once('dialog', dialog => dialog.accept());
await page.getByRole('button', { name: 'Remove 1 ended' }).click();
await page.getByText('No task matches.').waitFor();

step('the API describes itself');
await page.goto(base + '/docs');
await page.getByRole('heading', { name: 'API' }).waitFor();
await page.getByText('/repos/{name}/import', { exact: true }).click();
await checks.page(page, 'docs');

step('sign out, and in as a reader, who sees no buttons');
await page.getByRole('button', { name: 'Sign out' }).click();
await page.getByRole('heading', { name: 'Sign in' }).waitFor();
const reader = await signedIn(process.env.READER, '/repos/city');
await reader.getByLabel('Token').press('Enter');
await reader.getByRole('heading', { name: 'city', exact: true }).waitFor();
for (const path of ['/', '/repos/city', '/repos/city/at/HEAD', '/tasks', '/tasks/1']) {
  await reader.goto(base + path);
  const buttons = await reader.locator('main :is(.buttons, .actions, .bulk, .head) button').allInnerTexts();
  assert.deepEqual(buttons, [], path);
  assert.equal(await reader.locator('main form[method=post]').count(), 0, path);
}
await reader.goto(base + '/repos/city');
await checks.page(reader, 'repository-of-a-reader');

step('without scripts, everything is there');
const plain = await browser.newContext({ javaScriptEnabled: false, storageState: await reader.context().storageState() });
const still = await plain.newPage();
await still.goto(base + '/repos/city');
await still.getByRole('heading', { name: 'History of master' }).waitFor();
assert.match(await still.locator('time').first().innerText(), /UTC$/);

await browser.close();
console.log(`${checks.count} pages, in ${screenshots}`);
