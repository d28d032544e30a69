// The dropdown app: one choice drives four charts, a list of choices makes as many small ones.
import assert from 'node:assert/strict';
import { rmSync } from 'node:fs';
import { after, before, test } from 'node:test';
import { Server, temporaryFolder } from './support/server.mjs';
import { CATEGORIES, makeCsv, oracle } from './support_browser/data.mjs';
import { Browser, closeLeftBrowsers } from './support_browser/page.mjs';

const ROWS = 40_000;
const count = (n) => n.toLocaleString('en');
const HEAT = 'y against x, density';
const CONTOURS = 'y against x, contours';

let server;
let folder;
let csv;

before(async () => {
    folder = temporaryFolder();
    csv = makeCsv(folder, 'demo.csv', ROWS);
    server = await Server.start({ files: [csv] });
});

after(async () => {
    await closeLeftBrowsers();
    await server.stop();
    rmSync(folder, { recursive: true, force: true });
});

async function open(address = '/apps/dropdown') {
    const browser = await Browser.open(server.origin, { viewport: { width: 1280, height: 1600 } });
    await browser.goto(address);
    await browser.until('the charts', () => document.querySelectorAll('#driven .u-wrap').length === 4);
    await browser.until('the categories', () => document.querySelectorAll('#category option').length > 1);
    return browser;
}

const shown = (browser, title, rows) => browser.until(`${title} to show ${rows} rows`, ([name, text]) => {
    const card = [...document.querySelectorAll('.card')].find((element) => element.querySelector('h2').textContent === name);
    return card?.querySelector('.card-count').textContent === `${text} rows`;
}, [title, count(rows)]);

test('the categories of the dropdown come from the data', async () => {
    const browser = await open();
    const [categories] = oracle(csv, [['SELECT category, count(*) FROM t GROUP BY 1 ORDER BY 2 DESC', []]]);

    const options = await browser.page.locator('#category option').allInnerTexts();

    assert.deepEqual(options, ['everything', ...categories.map(([name, n]) => `${name} (${count(n)})`)]);
    await browser.close();
});

test('a choice drives scatter, line, heatmap and contours to what SQLite says', async () => {
    const browser = await open();
    const [[[rows]], points] = oracle(csv, [
        ["SELECT count(*) FROM t WHERE category = 'figs'", []],
        ["SELECT x, y, \"row\" FROM t WHERE category = 'figs'", []],
    ]);

    await browser.page.locator('#category').selectOption('figs');
    for (const title of ['y against x, sample', 'y over time', HEAT, CONTOURS]) {
        await shown(browser, title, rows);
    }

    const heat = await browser.series(HEAT);
    const total = heat.slice(1).reduce((sum, line) => sum + Number(line[4]), 0);
    assert.equal(total, rows, 'every row of the category stands in a cell');
    for (const [x0, x1, y0, y1, n] of heat.slice(1, 40).map((line) => line.map(Number))) {
        const inside = points.filter(([x, y]) => x >= x0 && x < x1 && y >= y0 && y < y1).length;
        assert.ok(Math.abs(inside - n) <= 1, `cell ${x0}..${x1}, ${y0}..${y1}: ${n}, counted ${inside}`);
    }
    assert.deepEqual(await browser.series(CONTOURS), heat);
    const known = new Map(points.map(([x, y, row]) => [row, [x, y]]));
    const sample = (await browser.series('y against x, sample')).slice(1);
    assert.ok(sample.length > 0);
    for (const [row, x, y, category] of sample) {
        assert.equal(category, 'figs');
        assert.deepEqual(known.get(Number(row)), [Number(x), Number(y)]);
    }
    await browser.close();
});

test('choosing everything again shows all rows', async () => {
    const browser = await open();
    await browser.page.locator('#category').selectOption('figs');
    await browser.until('fewer rows', (all) => document.querySelector('.card-count').textContent !== `${all} rows`, count(ROWS));

    await browser.page.locator('#category').selectOption('');

    await shown(browser, HEAT, ROWS);
    await browser.close();
});

test('each chosen category has a small chart of its own, any number of them', async () => {
    const browser = await open();
    const panels = (n) => browser.until(`${n} small charts`, (wanted) => document.querySelectorAll('#compared .facet').length === wanted, n);
    await panels(CATEGORIES.length);
    const [categories] = oracle(csv, [['SELECT category, count(*) FROM t GROUP BY 1 ORDER BY 2 DESC', []]]);

    await browser.page.getByLabel(categories[1][0], { exact: true }).uncheck();
    await panels(CATEGORIES.length - 1);
    const left = categories.filter((_, i) => i !== 1);
    const captions = await browser.page.locator('#compared .facet-caption').allInnerTexts();
    assert.deepEqual(captions.sort(), left.map(([name, n]) => `${name} · ${count(n)}`).sort());

    const lines = (await browser.series('x, by category')).slice(1);
    for (const [name, n] of left) {
        assert.equal(lines.filter(([facet]) => facet === name).reduce((sum, line) => sum + Number(line[3]), 0), n);
    }
    for (const [name] of left) {
        await browser.page.getByLabel(name, { exact: true }).uncheck();
    }
    await panels(0);
    await browser.page.getByLabel('figs', { exact: true }).check();
    await panels(1);
    await browser.close();
});

test('another category column makes other choices', async () => {
    const browser = await open();

    await browser.page.getByLabel('Category column').selectOption('station');
    await browser.until('the stations', () => document.querySelectorAll('#category option').length > 400);

    await browser.until('their small charts', () => document.querySelectorAll('#compared .facet').length === 6);
    await browser.close();
});

test('a choice survives a reload, and filters of the explorer do not reach in here', async () => {
    const browser = await open();
    const [[[rows]]] = oracle(csv, [["SELECT count(*) FROM t WHERE category = 'oranges'", []]]);
    await browser.goto('/');
    await browser.page.getByRole('button', { name: /Explore “demo”/ }).click();
    await browser.figure('rows');
    await browser.card('category').getByRole('option', { name: /figs/ }).click();
    await browser.until('a chip', () => document.querySelectorAll('.chip').length === 1);

    await browser.goto('/apps/dropdown');
    await shown(browser, HEAT, ROWS);
    await browser.page.locator('#category').selectOption('oranges');
    await shown(browser, HEAT, rows);
    await browser.page.reload();

    await shown(browser, HEAT, rows);
    await browser.until('the choice', () => document.querySelector('#category').value === 'oranges');
    await browser.goto('/');
    await browser.until('a chip', () => document.querySelectorAll('.chip').length > 0);
    assert.deepEqual(await browser.chips(), ['category: figs'], 'and the choice made in here does not reach the explorer');
    await browser.close();
});

test('other columns and what was chosen among them survive a reload, with no filter out of sight', async () => {
    const browser = await open();
    await browser.page.locator('#category').selectOption('figs');
    await browser.page.getByLabel('Category column').selectOption('note');
    await browser.until('the notes', () => document.querySelectorAll('#category option').length === 3);
    await shown(browser, HEAT, ROWS);
    await browser.page.locator('#category').selectOption('plain');
    const [[[rows]]] = oracle(csv, [["SELECT count(*) FROM t WHERE note = 'plain'", []]]);
    await shown(browser, HEAT, rows);

    await browser.page.reload();

    await shown(browser, HEAT, rows);
    await browser.until('the choice', () => document.querySelector('#category').value === 'plain');
    assert.equal(await browser.page.getByLabel('Category column').inputValue(), 'note');
    await browser.close();
});

test('who chose nothing to compare is told what to do', async () => {
    const browser = await open();
    const hint = browser.page.locator('#choices .hint');
    assert.equal(await hint.isVisible(), false);

    for (const name of CATEGORIES) {
        await browser.page.getByLabel(name, { exact: true }).uncheck();
    }

    assert.match(await hint.innerText(), /^Nothing is chosen/);
    await browser.page.getByLabel('figs', { exact: true }).check();
    assert.equal(await hint.isVisible(), false);
    await browser.close();
});

test('series as Arrow draw the same charts, facets among them', async () => {
    const json = await open();
    const arrow = await open('/apps/dropdown?wire=arrow');

    for (const title of ['y against x, sample', 'y over time', HEAT, 'x, by category']) {
        assert.deepEqual(await arrow.series(title), await json.series(title), title);
    }
    await json.close();
    await arrow.close();
});
