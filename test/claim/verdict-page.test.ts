import assert from 'node:assert/strict';
import { test } from 'node:test';
import { JSDOM } from 'jsdom';
import { verdictPage } from '../../src/claim/verdict-page';
import { checkEvidence } from '../../src/claim/verify';
import { data, everything, evidenceOf, guilty, innocent, ownerOf } from './fixtures';

async function pageOf(classNames: readonly string[], suspect = 'a model', guiltyRate = 0.9) {
  const owner = ownerOf(1, {}, { ...data, classNames: [...classNames] });
  const box = guiltyRate > 0 ? guilty(owner.groups[1], guiltyRate) : innocent;
  const asked = { ...box, classes: classNames.length };
  const evidence = { ...evidenceOf(owner), suspect };
  const verification = await checkEvidence(evidence, everything(owner, asked));
  return { verification, page: new JSDOM(verdictPage(verification)).window.document, owner };
}

test('the page shows outcome, every step, the votes and what is not shown', async () => {
  const { page, verification, owner } = await pageOf(data.classNames);
  assert.equal(page.querySelector('h1')?.textContent, 'HOLDS');
  assert.equal(page.querySelectorAll('table tr').length, 1 + verification.checks.length);
  // eight keys by ten labels, and the label of each key outlined
  const cells = [...page.querySelectorAll('svg g g')];
  assert.equal(cells.length, 80);
  const outlined = [...page.querySelectorAll('svg rect[fill=none]')];
  assert.equal(outlined.length, 8);
  outlined.forEach((outline, j) => {
    const at = (rect: Element | null, name: string) => Number(rect?.getAttribute(name));
    const cell = cells.find(
      each =>
        at(each.querySelector('rect'), 'x') === at(outline, 'x') - 1 &&
        at(each.querySelector('rect'), 'y') === at(outline, 'y') - 1,
    );
    const { target } = owner.groups[1][j];
    const votes = verification.answers?.votes[j][target];
    assert.equal(cell?.querySelector('title')?.textContent, `key ${j}, class ${target}: ${votes}`);
  });
  for (const note of verification.notes) assert.ok(page.body.textContent?.includes(note), note);
  assert.equal((await pageOf(data.classNames, 'a model', 0)).page.querySelector('h1')?.textContent, 'FAILS');
});

// the page is read in a browser, and most of its text was written by somebody else
test('names cannot become markup, scripts or invisible characters', async () => {
  const names = data.classNames.map((_, k) => `<b onclick="x()">${k}</b> & 'more'`);
  const { page } = await pageOf(names, '<script>alert(1)</script><img src=x>');
  assert.equal(page.querySelectorAll('script, img, b, [onclick]').length, 0);
  assert.match(page.querySelector('dl')?.textContent ?? '', /<script>alert\(1\)<\/script><img src=x>/);
  assert.match(page.querySelector('svg title')?.textContent ?? '', /<b onclick="x\(\)">0<\/b> & 'more'/);
});

test('with a hundred classes only those that a key drew are columns', async () => {
  const { page, owner } = await pageOf(Array.from({ length: 100 }, (_, k) => `class ${k}`));
  const targets = new Set(owner.groups[1].map(({ target }) => target));
  assert.equal(page.querySelectorAll('svg g g').length, 8 * targets.size);
  assert.match(page.body.textContent ?? '', /Labels that no key drew are left out/);
});
