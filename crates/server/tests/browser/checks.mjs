// What must hold of every page: no violation of axe's rules, no error in the console, nothing wider than the window.

import { readFileSync } from 'node:fs';
import assert from 'node:assert/strict';

const axe = readFileSync(new URL('node_modules/axe-core/axe.min.js', import.meta.url), 'utf8');

export class Checks {
  constructor(folder) {
    this.folder = folder;
    this.errors = [];
    this.count = 0;
  }

  watch(page) {
    page.on('pageerror', error => this.errors.push(error.message));
    page.on('response', response => {
      if (response.status() >= 400 && /\/-\/[a-z]+\.[a-z]+$/.test(response.url())) this.errors.push(response.url() + ' is not there');
    });
    page.on('console', message => {
      // A refused form is an answer that the walk looks at itself.
      if (message.type() === 'error' && !/status of (401|403|404|409)/.test(message.text())) this.errors.push(message.text());
    });
  }

  // In light and dark, narrow and wide.
  async page(page, name) {
    this.count += 1;
    const number = String(this.count).padStart(2, '0');
    for (const colorScheme of ['dark', 'light']) {
      await page.emulateMedia({ colorScheme, reducedMotion: 'reduce' });
      for (const width of [320, 1280]) {
        await page.setViewportSize({ width, height: 900 });
        await page.screenshot({ path: `${this.folder}/${number}-${name}-${colorScheme}-${width}.png`, fullPage: true });
        const surplus = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
        assert.ok(surplus <= 0, `${name} is ${surplus} pixels wider than ${width}`);
        if ((width === 1280) === (colorScheme === 'dark')) await this.axe(page, `${name} ${colorScheme} ${width}`);
      }
    }
    assert.deepEqual(this.errors, [], name);
  }

  async axe(page, name) {
    await page.evaluate(axe);
    const { violations } = await page.evaluate(() => window.axe.run());
    const found = violations.map(({ id, nodes }) => `${id}: ${nodes.map(node => node.html + ' ' + node.failureSummary).join('\n')}`);
    assert.deepEqual(found, [], name);
  }
}
