// Formulas, tables made from others and previews in the page: what is shown while one types, and that
// everything follows its sources as SQLite says.
import assert from 'node:assert/strict';
import { rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { after, before, test } from 'node:test';
import { Client } from './support/client.mjs';
import { Server, temporaryFolder } from './support/server.mjs';
import { makeCsv, oracle } from './support_browser/data.mjs';
import { Editor } from './support_browser/editing.mjs';
import { closeLeftBrowsers } from './support_browser/page.mjs';

const ROWS = 2000;

let server;
let folder;
let csv;

before(async () => {
    folder = temporaryFolder();
    csv = makeCsv(folder, 'fruit.csv', ROWS);
    const sorts = path.join(folder, 'sorts.csv');
    writeFileSync(sorts, 'category,colour,code\napples,red,1\noranges,orange,2\nfigs,violet,x3\n');
    server = await Server.start({ files: [csv, sorts] });
});

after(async () => {
    await closeLeftBrowsers();
    await server.stop();
    rmSync(folder, { recursive: true, force: true });
});

const fruit = () => Editor.explore(server.origin, 'fruit');

/** Rows of the page's table as the server has them. */
async function rowsOf(browser, table, params = {}) {
    const client = await Client.open(server, { token: await browser.token() });
    const { columns, data } = await client.call('table.page', { table, limit: 1000, ...params });
    await client.close();
    return data[0].map((_, i) => Object.fromEntries(columns.map((name, k) => [name, data[k][i]])));
}

test('a table made from this one is charted like any other, and follows each edit', async () => {
    const browser = await fruit();
    const { page } = browser;
    await page.getByRole('button', { name: 'New table from this' }).click();
    await browser.dialog('[name=name]').fill('per category');
    await browser.dialog('[name=fn]').nth(1).selectOption('sum');
    await browser.dialog('[name=of]').nth(1).selectOption('quantity');
    await browser.dialog('[name=sort]').selectOption('sum of quantity');
    await browser.dialog('[name=order]').selectOption('desc');
    assert.deepEqual(await browser.accessibilityProblems(), []);
    await browser.submit();
    await browser.figure('rows', '^4$');
    await browser.rows();

    const wanted = (...statements) => oracle(csv, [
        ...statements.map((sql) => [sql, []]),
        ['SELECT category, count(*), sum(quantity) FROM t GROUP BY 1 ORDER BY 3 DESC', []],
    ])[statements.length];
    const shown = async () => (await rowsOf(browser, 'per category')).map((row) => Object.values(row));
    assert.deepEqual(await shown(), wanted());
    const before_sum = wanted()[0][2];
    await browser.shows(0, 'sum of quantity', String(before_sum));
    await browser.card('sum of quantity').waitFor();
    await page.locator('#table-picker option', { hasText: 'per category (derived, 4 rows)' }).waitFor({ state: 'attached' });

    await browser.click(0, 'rows');
    await page.keyboard.press('Enter');
    await browser.note(/^This table follows fruit: change it there/);
    assert.equal(await page.getByRole('button', { name: 'Add row' }).isDisabled(), true);

    const client = await Client.open(server, { token: await browser.token() });
    const where = `category = '${wanted()[0][0]}'`;
    await client.call('table.update', { table: 'fruit', where, set: { quantity: { expr: 'quantity + 1' } } });
    const after_edit = wanted(`UPDATE t SET quantity = quantity + 1 WHERE ${where}`);
    await browser.shows(0, 'sum of quantity', String(after_edit[0][2]));
    const mean = after_edit.reduce((sum, row) => sum + row[2], 0) / 4;
    await browser.figure('mean-sum of quantity', `^${mean.toLocaleString('en', { maximumSignificantDigits: 6 }).replace('.', '\\.')}$`);
    assert.deepEqual(await shown(), after_edit);
    await client.call('table.undo', { table: 'fruit' });
    await browser.shows(0, 'sum of quantity', String(before_sum));
    await client.close();
    await browser.close();
});

test('two tables are joined', async () => {
    const browser = await fruit();
    await browser.page.getByRole('button', { name: 'New table from this' }).click();
    await browser.dialog('[name=name]').fill('coloured');
    await browser.dialog('[name=join]').selectOption('sorts');
    await browser.dialog('[name=kind]').waitFor();
    await browser.dialog('[name=key]').first().selectOption({ label: 'colour' });
    await browser.submit();
    await browser.figure('rows', '^3$');

    const counts = oracle(csv, [["SELECT CASE category WHEN 'apples' THEN 'red' WHEN 'figs' THEN 'violet' ELSE category || 'x' END, count(*) FROM t WHERE category IN ('apples', 'figs') GROUP BY 1", []]])[0];
    const rows = await rowsOf(browser, 'coloured');
    assert.deepEqual(rows.filter(({ colour }) => colour !== 'orange').map(({ colour, rows: n }) => [colour, n]), counts);
    await browser.close();
});

test('a formula is checked and shown while it is typed, follows its columns, and is frozen', async () => {
    const browser = await fruit();
    const { page } = browser;
    await page.getByRole('button', { name: 'Add column' }).click();
    await browser.dialog('[name=name]').fill('price');
    await page.getByText('There is a column price already.').waitFor();
    await browser.dialog('[name=name]').fill('total');
    const area = browser.dialog('textarea');
    await area.fill('quantity * prise');
    await page.getByText('Did you mean "price"').waitFor();
    assert.equal(await page.locator('.expression-spot').innerText(), `quantity * prise\n${' '.repeat(11)}^`);
    assert.equal(await browser.dialog('button[type=submit]').isDisabled(), true);
    assert.deepEqual(await browser.accessibilityProblems(), []);
    await area.fill('quantity * price');
    const [products] = oracle(csv, [['SELECT quantity * price FROM t LIMIT 8', []]]);
    await browser.until('the first values', () => document.querySelectorAll('.preview tbody tr').length === 8);
    assert.deepEqual(await page.locator('.preview tbody td').allInnerTexts(), products.map(([value]) => String(value)));
    await browser.submit();
    await browser.note(/^Added the column total\./);
    await page.getByRole('tab', { name: 'Columns' }).click();
    await page.getByRole('button', { name: 'Add a chart of total' }).click();
    await browser.card('total').locator('.u-wrap').waitFor();
    await page.getByRole('tab', { name: 'Rows' }).click();
    await browser.rows();
    await browser.shows(0, 'total', String(products[0][0]));

    await browser.type(0, 'price', '100');
    const [[[quantity]], [[top]]] = oracle(csv, [['SELECT quantity FROM t WHERE row = 0', []], ['SELECT max(iif(row = 0, quantity * 100, quantity * price)) FROM t', []]]);
    await browser.shows(0, 'total', String(quantity * 100));
    const sum = (lines) => lines.reduce((all, line) => all + Number(line[2]), 0);
    const [[[filled]]] = oracle(csv, [['SELECT count(coalesce(price, iif(row = 0, 1, NULL))) FROM t', []]]);
    const bins = await browser.becomes('total', (lines) => sum(lines) === filled && Number(lines[lines.length - 1][1]) >= top);
    assert.equal(sum(bins), filled);
    await browser.click(0, 'total');
    await page.keyboard.press('Enter');
    await browser.note(/^total is a formula: quantity \* price\./);
    await browser.menu('price', 'Drop the column');
    await browser.note(/total/);

    await browser.menu('total', 'Freeze to values');
    await browser.note(/^total keeps the values that it has now/);
    await browser.type(0, 'total', '1');
    await browser.shows(0, 'total', '1', 'saved');
    await browser.close();
});

test('an expression for filtered rows shows before and after', async () => {
    const browser = await fruit();
    const { page } = browser;
    await browser.card('category').getByRole('option', { name: /^figs/ }).click();
    await browser.until('the chip', () => document.querySelector('.chip'));
    await browser.menu('station', 'Edit filtered rows …');
    await browser.dialog('[name=mode]').selectOption('expr');
    await browser.dialog('textarea').fill("lower(station) || '!'");
    await browser.until('before and after', () => document.querySelectorAll('.preview tbody tr').length === 8);
    const [stations] = oracle(csv, [["SELECT station, lower(station) || '!' FROM t WHERE category = 'figs' LIMIT 8", []]]);
    assert.deepEqual(await page.locator('.preview tbody td').allInnerTexts(), stations.flat());
    assert.deepEqual(await browser.accessibilityProblems(), []);
    await browser.submit();
    await browser.note(/^Changed station in /);
    await browser.shows(0, 'station', stations[0][1]);

    await page.getByRole('button', { name: 'Edit filtered rows' }).click();
    await browser.dialog('[name=mode]').selectOption('delete');
    await browser.submit();
    const [[[others]]] = oracle(csv, [["SELECT count(*) FROM t WHERE category <> 'figs'", []]]);
    await browser.figure('rows', `^${others.toLocaleString('en')}$`);
    await browser.close();
});

test('a change of type says first what would not fit', async () => {
    const browser = await Editor.explore(server.origin, 'sorts');
    const { page } = browser;
    await browser.menu('code', 'Change type …');
    await browser.dialog('[name=type]').selectOption('int');
    await page.getByText('1 value would not fit:').waitFor();
    assert.deepEqual(await page.locator('.preview tbody td').allInnerTexts(), ['2', 'x3']);
    assert.equal(await browser.dialog('button[type=submit]').isDisabled(), true, 'nothing is lost unasked');
    assert.deepEqual(await browser.accessibilityProblems(), []);
    await browser.dialog('[name=on_error]').selectOption('keep');
    await page.getByRole('button', { name: 'Change, 1 value to null' }).click();
    await browser.note(/^code is int now; 1 value did not fit and became null/);
    await browser.until('the text that was kept', () => document.querySelector('.slick-cell.is-exception')?.textContent === 'x3');
    await browser.card('code').locator('.u-wrap').waitFor();
    assert.deepEqual((await rowsOf(browser, 'sorts')).map(({ code }) => code), [1, 2, null]);

    await browser.menu('code', 'Change type …');
    await browser.dialog('[name=type]').selectOption('float');
    await browser.until('that all fits', () => /fit/.test(document.querySelector('.preview').textContent));
    await page.getByRole('button', { name: 'Cancel' }).click();
    await page.locator('body').press('Control+z');
    await browser.shows(2, 'code', 'x3');
    assert.deepEqual((await rowsOf(browser, 'sorts')).map(({ code }) => code), ['1', '2', 'x3']);
    await browser.close();
});

test('a formula that cannot be computed says so in its heading, and takes no other column with it', async () => {
    const browser = await fruit();
    const { page } = browser;
    const client = await Client.open(server, { token: await browser.token() });
    await client.call('input.set', { values: { rate: 2 } });
    await client.call('table.add_column', { table: 'fruit', name: 'gross', expr: 'quantity * $rate' });
    const heading = page.locator('.slick-header-column[data-id="gross"]');
    await heading.getByText(/^ƒ gross$/).waitFor();
    const { data: [[quantity]] } = await client.call('table.page', { table: 'fruit', columns: ['quantity'], limit: 1 });
    await page.evaluate(() => { document.querySelectorAll('.slick-viewport').forEach((view) => { view.scrollLeft = view.scrollWidth; }); });
    await browser.shows(0, 'gross', String(quantity * 2));

    await client.call('input.set', { values: { rate: [1] } });
    await heading.getByText(/ƒ gross ⚠ .*cannot be computed.*is a list/).waitFor();
    await browser.shows(0, 'gross', 'null');
    await browser.shows(0, 'quantity', String(quantity));

    await client.call('input.set', { values: { rate: 3 } });
    await heading.getByText(/^ƒ gross$/).waitFor();
    await browser.shows(0, 'gross', String(quantity * 3));
    await client.close();
    await browser.close();
});
