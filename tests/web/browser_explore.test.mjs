// The page in Chromium against the real server: upload a file, brush, and what the charts then say
// is what SQLite says of the same rows.
import assert from 'node:assert/strict';
import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { after, before, test } from 'node:test';
import { Client } from './support/client.mjs';
import { Server, temporaryFolder } from './support/server.mjs';
import { makeCsv, oracle } from './support_browser/data.mjs';
import { Browser, closeLeftBrowsers } from './support_browser/page.mjs';

const ROWS = 60_000;
const count = (n) => n.toLocaleString('en');

let server;
let folder;
let csv;

before(async () => {
    folder = temporaryFolder();
    csv = makeCsv(folder, 'fruit.csv', ROWS);
    server = await Server.start();
});

after(async () => {
    await closeLeftBrowsers();
    await server.stop();
    rmSync(folder, { recursive: true, force: true });
});

/** A page with the file uploaded and its first dashboard drawn. */
async function explore(options = {}, address = '/') {
    const browser = await Browser.open(server.origin, options);
    await browser.goto(address);
    await browser.page.setInputFiles('input[type=file]', csv);
    await browser.figure('rows', `^${count(ROWS)}$`);
    await browser.until('the charts', () => document.querySelectorAll('.card .u-wrap').length >= 6);
    await browser.until('the end of the upload', () => !document.querySelector('.upload'));
    return browser;
}

/** The inputs as the server has them: the exact range behind a brush. */
async function inputsOf(browser) {
    const client = await Client.open(server, { token: await browser.token() });
    const { inputs } = client.info;
    await client.close();
    return Object.values(inputs).filter((value) => value !== null);
}

async function settled(browser, rows) {
    await browser.figure('filtered', `^${count(rows)} `);
}

const counts = (lines) => lines.slice(1).map((line) => Number(line[line.length - 1]));

test('a file uploaded on the page is explored at once', async () => {
    const browser = await explore();

    const [[[rows, mean]], categories, quantities] = oracle(csv, [
        ['SELECT count(*), avg(price) FROM t', []],
        ['SELECT category, count(*) FROM t GROUP BY 1 ORDER BY 2 DESC', []],
        ['SELECT quantity, count(*) FROM t GROUP BY 1 ORDER BY 1', []],
    ]);
    assert.equal(await browser.figure('rows'), count(rows));
    assert.equal(Number(await browser.figure('mean-price')), Number(mean.toPrecision(6)));
    assert.deepEqual((await browser.series('category')).slice(1).map(([key, n]) => [key, Number(n)]), categories);
    assert.deepEqual(counts(await browser.series('quantity')), quantities.map(([, n]) => n));
    assert.ok(await browser.card('mean of price over time').isVisible());
    assert.ok(await browser.card('y against x, density').count());
    await browser.close();
});

test('a brush on one chart moves all the others to what SQLite says', async () => {
    const browser = await explore();

    await browser.brush('x', 0.25, 0.6);
    await browser.until('a chip', () => document.querySelectorAll('.chip').length === 1);
    await browser.until('fewer rows', () => !/100%/.test(document.querySelector('[data-figure="filtered"] dd').textContent));
    await browser.settled();
    const [[low, high]] = await inputsOf(browser);
    const [[[rows, mean]], categories, quantities, [[own]]] = oracle(csv, [
        ['SELECT count(*), avg(price) FROM t WHERE x BETWEEN ? AND ?', [low, high]],
        ['SELECT category, count(*) FROM t WHERE x BETWEEN ? AND ? GROUP BY 1 ORDER BY 2 DESC, 1', [low, high]],
        ['SELECT quantity, count(*) FROM t WHERE x BETWEEN ? AND ? GROUP BY 1 ORDER BY 1', [low, high]],
        ['SELECT count(*) FROM t', []],
    ]);

    await settled(browser, rows);
    assert.ok(rows > 0 && rows < ROWS);
    assert.equal(Number(await browser.figure('mean-price')), Number(mean.toPrecision(6)));
    assert.deepEqual((await browser.series('category')).slice(1).map(([key, n]) => [key, Number(n)]).sort(), categories.sort());
    assert.deepEqual(counts(await browser.series('quantity')).filter((n) => n > 0), quantities.map(([, n]) => n));
    assert.equal(counts(await browser.series('x')).reduce((a, b) => a + b, 0), own, 'the brushed chart is not filtered by its own brush');
    await browser.close();
});

test('clicks on bars, a brush on time and one on two axes filter together', async () => {
    const browser = await explore();

    await browser.card('category').getByRole('option', { name: /figs/ }).click();
    await browser.card('category').getByRole('option', { name: /^apples/ }).click({ modifiers: ['Control'] });
    await browser.brush('mean of price over time', 0.2, 0.7);
    await browser.brush('y against x, density', 0.1, 0.6, [0.9, 0.2]);
    await browser.until('four chips', () => document.querySelectorAll('.chip').length === 4);
    await browser.settled();
    const inputs = await inputsOf(browser);
    const chosen = inputs.find((value) => typeof value[0] === 'string' && !value[0].includes('T'));
    const time = inputs.find((value) => typeof value[0] === 'string' && value[0].includes('T'));
    const ranges = inputs.filter((value) => typeof value[0] === 'number');
    assert.deepEqual([...chosen].sort(), ['apples', 'figs']);
    assert.equal(ranges.length, 2);

    const where = `category IN ('apples', 'figs') AND julianday(time) BETWEEN julianday(?) AND julianday(?)
        AND x BETWEEN ? AND ? AND y BETWEEN ? AND ?`;
    const either = [ranges, [...ranges].reverse()].map((order) => oracle(csv, [
        [`SELECT count(*) FROM t WHERE ${where}`, [...time, ...order[0], ...order[1]]],
    ])[0][0][0]);
    const shown = Number((await browser.figure('filtered')).split(' ')[0].replaceAll(',', ''));

    assert.ok(either.includes(shown), `${shown} rows shown, SQLite says ${either}`);
    assert.ok(shown > 0);
    await browser.close();
});

test('after a reload the session, its filters and its charts are still there', async () => {
    const browser = await explore();
    await browser.brush('x', 0.3, 0.5);
    await browser.card('category').getByRole('option', { name: /oranges/ }).click();
    await browser.until('two chips', () => document.querySelectorAll('.chip').length === 2);
    await browser.settled();
    const before_chips = await browser.chips();
    const before_rows = await browser.figure('filtered');
    const before_series = await browser.series('price');

    await browser.page.reload();
    await browser.until('the charts', () => document.querySelectorAll('.card .u-wrap').length >= 6);

    assert.deepEqual((await browser.chips()).sort(), before_chips.sort());
    assert.equal(await browser.figure('filtered'), before_rows);
    assert.deepEqual(await browser.series('price'), before_series);
    assert.equal(await browser.card('x').locator('.brush-box').isVisible(), true);
    await browser.close();
});

test('filters are taken off by their chips, one by one and all at once', async () => {
    const browser = await explore();
    await browser.brush('x', 0.3, 0.5);
    await browser.brush('price', 0.1, 0.4);
    await browser.until('two chips', () => document.querySelectorAll('.chip').length === 2);

    await browser.page.getByRole('button', { name: /Remove the filter x/ }).click();
    await browser.until('one chip', () => document.querySelectorAll('.chip').length === 1);
    assert.match((await browser.chips())[0], /^price/);
    await browser.page.getByRole('button', { name: /Remove the filter price/ }).click();

    await settled(browser, ROWS);
    assert.deepEqual(await browser.chips(), []);
    await browser.close();
});

test('the grid shows the filtered rows in any order, to the last one', async () => {
    const browser = await explore();
    await browser.card('category').getByRole('option', { name: /figs/ }).click();
    const [[[rows]], last] = oracle(csv, [
        ["SELECT count(*) FROM t WHERE category = 'figs'", []],
        ["SELECT station, quantity FROM t WHERE category = 'figs' ORDER BY quantity DESC, \"row\" LIMIT 1 OFFSET (SELECT count(*) - 1 FROM t WHERE category = 'figs')", []],
    ]);
    await settled(browser, rows);

    const head = browser.page.getByRole('columnheader', { name: /quantity/ });
    await head.click();
    await head.click();
    assert.equal(await head.getAttribute('aria-sort'), 'descending');
    await browser.page.getByLabel('Go to row number').fill(String(rows));
    await browser.page.getByRole('button', { name: 'Go', exact: true }).click();
    const text = await browser.until('the last row', (index) => {
        const row = document.querySelector(`.slick-row[aria-rowindex="${index}"]`);
        return row && !row.classList.contains('is-loading') && [...row.querySelectorAll('.slick-cell')].map((cell) => cell.textContent);
    }, rows + 1);

    assert.ok(text.includes(last[0][0]), `${text} holds ${last[0]}`);
    assert.ok(text.includes(String(last[0][1])));
    await browser.close();
});

test('the columns panel tells type, empty cells and distinct values', async () => {
    const browser = await explore();
    const [[[nulls, distinct]]] = oracle(csv, [['SELECT sum(price IS NULL), count(DISTINCT price) FROM t', []]]);

    await browser.page.getByRole('tab', { name: 'Columns' }).click();
    const cells = await browser.page.locator('tr[data-column="price"]').locator('td').allInnerTexts();

    assert.equal(cells[0], 'float');
    assert.match(cells[1], new RegExp(`^${count(nulls)} `));
    assert.equal(cells[2], count(distinct));
    await browser.page.getByRole('button', { name: 'Add a chart of station' }).click();
    await browser.card('station').waitFor();
    await browser.close();
});

test('the filtered rows are downloaded as CSV', async () => {
    const browser = await explore();
    await browser.card('category').getByRole('option', { name: /pineapples/ }).click();
    const [rows] = oracle(csv, [["SELECT station, note FROM t WHERE category = 'pineapples' ORDER BY \"row\"", []]]);
    await settled(browser, rows.length);

    const bytes = await browser.download(() => browser.page.getByRole('button', { name: 'Filtered CSV' }).click());

    const file = path.join(folder, 'filtered.csv');
    writeFileSync(file, bytes);
    assert.deepEqual(oracle(file, [['SELECT station, note FROM t ORDER BY "row"', []]])[0], rows);
    const whole = await browser.download(() => browser.page.getByRole('button', { name: 'Whole CSV' }).click());
    assert.equal(whole.toString('utf8').trim().split(/\r?\n/).length, ROWS + 1);
    await browser.close();
});

test('a column of ten thousand values shows the commonest of the filtered rows', async () => {
    const browser = await explore();
    await browser.page.getByRole('tab', { name: 'Columns' }).click();
    await browser.page.getByRole('button', { name: 'Add a chart of station' }).click();
    await browser.card('station').getByRole('option').first().waitFor();

    await browser.card('category').getByRole('option', { name: /figs/ }).click();
    const [stations, [[rows]]] = oracle(csv, [
        ["SELECT station, count(*) FROM t WHERE category = 'figs' GROUP BY 1", []],
        ["SELECT count(*) FROM t WHERE category = 'figs'", []],
    ]);
    await settled(browser, rows);
    const right = new Map(stations);
    const most = Math.max(...right.values());
    await browser.until('the filtered bars', (wanted) => {
        const card = [...document.querySelectorAll('.card')].find((element) => element.querySelector('h2').textContent === 'station');
        return card.querySelector('.bar-number')?.textContent === String(wanted);
    }, most);

    const names = await browser.card('station').locator('.bar-name').allInnerTexts();
    const shown = await browser.card('station').locator('.bar-number').allInnerTexts();
    assert.equal(names.length, 24);
    names.forEach((name, i) => assert.equal(Number(shown[i]), right.get(name), name));
    await browser.close();
});

test('charts are added, changed, moved and removed, and stay so after a reload', async () => {
    const browser = await explore();
    const { page } = browser;
    const titles = () => page.locator('.card h2').allInnerTexts();
    const before_titles = await titles();

    await page.getByRole('button', { name: 'Add a chart' }).last().click();
    await page.locator('dialog[open] select').first().selectOption('line');
    await page.locator('dialog[open] [name="x"]').selectOption('time');
    await page.locator('dialog[open] [name="y"]').selectOption('quantity');
    await page.getByRole('button', { name: 'Show', exact: true }).click();
    await browser.card('quantity over time').getByRole('button', { name: 'Change this chart' }).click();
    await page.locator('dialog[open] select').first().selectOption('trend');
    await page.locator('dialog[open] [name="fn"]').selectOption('sum');
    await page.getByRole('button', { name: 'Show', exact: true }).click();
    const [[[rows, sum]]] = oracle(csv, [['SELECT count(*), sum(quantity) FROM t', []]]);
    await browser.until('the bins', () => [...document.querySelectorAll('.card')].some((card) => card.querySelector('h2').textContent === 'sum of quantity over time' && card.querySelector('.u-wrap')));
    const lines = (await browser.series('sum of quantity over time')).slice(1).map((line) => line.slice(2).map(Number));
    assert.deepEqual([0, 1].map((i) => lines.reduce((all, line) => all + line[i], 0)), [rows, sum]);
    await browser.card('sum of quantity over time').getByRole('button', { name: 'Move back' }).click();
    await browser.card(before_titles[0]).getByRole('button', { name: 'Remove this chart' }).click();
    const expected = [...before_titles.slice(1, -1), 'sum of quantity over time', before_titles[before_titles.length - 1]];
    assert.deepEqual(await titles(), expected);

    await page.reload();
    await browser.until('the charts', () => document.querySelectorAll('.card .u-wrap').length >= 5);

    assert.deepEqual(await titles(), expected);
    await browser.close();
});

test('a chart is taken home as a picture and shown as a table', async () => {
    const browser = await explore();
    for (const title of ['quantity', 'category', 'y against x, density']) {
        await browser.card(title).scrollIntoViewIfNeeded();
        await browser.until('its picture', (name) => {
            const card = [...document.querySelectorAll('.card')].find((element) => element.querySelector('h2').textContent === name);
            return card.querySelector('.bar-row, .u-wrap');
        }, title);
        const bytes = await browser.download(() => browser.card(title).getByTitle('Save as PNG').click());
        assert.deepEqual([...bytes.subarray(0, 4)], [0x89, 0x50, 0x4e, 0x47]);
        assert.ok(bytes.length > 2000, `${title}: ${bytes.length} bytes`);
    }

    const [quantities] = oracle(csv, [['SELECT quantity, count(*) FROM t GROUP BY 1 ORDER BY 1', []]]);
    await browser.card('quantity').getByRole('button', { name: 'Show as a table' }).click();
    const shown = await browser.card('quantity').locator('tbody tr td:last-child').allInnerTexts();
    assert.deepEqual(shown.map((text) => Number(text.replaceAll(',', ''))), quantities.map(([, n]) => n));
    await browser.close();
});

test('series as Arrow draw the same charts', async () => {
    const json = await explore();
    const arrow = await explore({}, '/?wire=arrow');

    for (const title of ['category', 'quantity', 'x', 'mean of price over time', 'y against x, density']) {
        const expected = await json.series(title);
        const actual = await arrow.series(title);
        assert.deepEqual(actual, expected, title);
    }
    await json.close();
    await arrow.close();
});

test('names and cells that look like markup stay text', async () => {
    const evil = path.join(folder, 'evil.csv');
    const name = '<img src=x onerror=alert(1)>';
    writeFileSync(evil, `${name},"""><script>alert(2)</script>",n\n${Array.from({ length: 50 }, (_, i) => `<b>bold${i % 3}</b>,<svg onload=alert(3)>,${i}`).join('\n')}\n`);
    const browser = await Browser.open(server.origin);
    await browser.goto('/');
    await browser.page.setInputFiles('input[type=file]', evil);
    await browser.figure('rows', '^50$');
    await browser.card(name).waitFor();
    await browser.card(name).getByRole('option').first().click();
    await browser.until('a chip', () => document.querySelectorAll('.chip').length === 1);
    await browser.page.getByRole('tab', { name: 'Columns' }).click();
    await browser.card(name).getByRole('button', { name: 'Show as a table' }).click();

    assert.equal(await browser.page.locator('main img, main script, main b, main svg[onload]').count(), 0);
    await browser.close();
});

test('every answer carries the strict policy', async () => {
    for (const address of ['/', '/js/main.js', '/apps/dropdown', '/nothing-here']) {
        const policy = (await fetch(server.origin + address)).headers.get('content-security-policy');
        assert.match(policy ?? '', /default-src 'none'/, address);
        assert.match(policy, /require-trusted-types-for 'script'/, address);
        assert.doesNotMatch(policy, /unsafe/, address);
    }
});

test('the page has no code and no style in its markup', () => {
    for (const file of ['static/index.html', 'static/apps/dropdown.html']) {
        const text = readFileSync(new URL(`../../${file}`, import.meta.url), 'utf8');
        assert.doesNotMatch(text, /\son\w+=|\sstyle=|<style|<script(?![^>]*\ssrc=)|https?:\/\//, file);
    }
});
