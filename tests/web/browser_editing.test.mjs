// Editing in the page against the real server: cells, rectangles, rows and columns; every chart follows,
// and says what SQLite says of the same edit.
import assert from 'node:assert/strict';
import { rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { after, before, test } from 'node:test';
import { Client } from './support/client.mjs';
import { Server, temporaryFolder } from './support/server.mjs';
import { makeCsv, oracle } from './support_browser/data.mjs';
import { Editor } from './support_browser/editing.mjs';
import { closeLeftBrowsers } from './support_browser/page.mjs';

const ROWS = 3000;
const KINDS = 'name,flag,day,moment,n,share\n'
    + 'ann,true,2024-01-31,2024-01-31T12:00:00Z,1,0.5\n'
    + 'bob,false,2024-02-01,2024-02-01T00:00:00Z,2,1.5\n'
    + 'cid,,2024-02-02,2024-02-02T00:00:00Z,3,2.5\n'
    + 'dan,true,2024-02-03,2024-02-03T00:00:00Z,4,3.5\n';

let server;
let folder;
let csv;

before(async () => {
    folder = temporaryFolder();
    csv = makeCsv(folder, 'fruit.csv', ROWS);
    const kinds = path.join(folder, 'kinds.csv');
    writeFileSync(kinds, KINDS);
    server = await Server.start({ files: [csv, kinds] });
});

after(async () => {
    await closeLeftBrowsers();
    await server.stop();
    rmSync(folder, { recursive: true, force: true });
});

const fruit = (options) => Editor.explore(server.origin, 'fruit', options);
const kinds = (options) => Editor.explore(server.origin, 'kinds', options);

/** What the charts of fruit say, and what SQLite says after some statements. */
function truth(...statements) {
    const [[[rows, price, quantity]], categories, quantities] = oracle(csv, [
        ...statements.map((sql) => [sql, []]),
        ['SELECT count(*), avg(price), avg(quantity) FROM t', []],
        ['SELECT category, count(*) FROM t GROUP BY 1 ORDER BY 2 DESC', []],
        ['SELECT quantity, count(*) FROM t WHERE quantity IS NOT NULL GROUP BY 1 ORDER BY 1', []],
    ]).slice(statements.length);
    return { rows, price, quantity, categories, quantities };
}

/** Every chart and the key figures say what SQLite says. */
async function agrees(browser, right) {
    const digits = (value) => new RegExp(`^${String(Number(value.toPrecision(6))).replace('.', '\\.')}$`);
    const full = (n) => `^${n.toLocaleString('en')}$`;
    await browser.figure('rows', full(right.rows));
    await browser.figure('mean-price', digits(right.price).source);
    await browser.figure('mean-quantity', digits(right.quantity).source);
    const same = (wanted) => (lines) => JSON.stringify(lines) === JSON.stringify(wanted);
    const categories = right.categories.map(([key, n]) => [key ?? '', String(n)]);
    assert.deepEqual(await browser.becomes('category', same(categories)), categories);
    const counts = (lines) => lines.map((line) => Number(line[2])).filter((n) => n > 0);
    const wanted = right.quantities.map(([, n]) => n);
    assert.deepEqual(counts(await browser.becomes('quantity', (lines) => same(wanted)(counts(lines)))), wanted);
}

async function client(browser) { return Client.open(server, { token: await browser.token() }); }

test('change a column, watch the charts, take it back', async () => {
    const browser = await fruit();
    const { page } = browser;
    const begin = truth();
    await agrees(browser, begin);

    await browser.type(0, 'category', 'figs', 'Tab');
    await browser.click(0, 'quantity');
    await page.keyboard.type('40');
    await page.keyboard.press('Enter');
    await browser.shows(0, 'quantity', '40', 'saved');
    const cells = ["UPDATE t SET category = 'figs', quantity = 40 WHERE row = 0"];
    await agrees(browser, truth(...cells));

    await browser.card('category').scrollIntoViewIfNeeded();
    await browser.card('category').getByRole('option', { name: /^apples/ }).click();
    await browser.until('the chip', () => document.querySelector('.chip'));
    const [[[apples]]] = oracle(csv, [...cells.map((sql) => [sql, []]), ["SELECT count(*) FROM t WHERE category = 'apples'", []]]).slice(1);
    await page.getByRole('button', { name: 'Edit filtered rows' }).click();
    await page.getByText(`${apples.toLocaleString('en')} rows pass the filters (category: apples).`).waitFor();
    assert.deepEqual(await browser.accessibilityProblems(), []);
    await browser.dialog('[name=column]').selectOption('quantity');
    await browser.dialog('[name=value]').fill('1.5');
    await browser.submit();
    await page.getByText('is no whole number').waitFor();
    await browser.dialog('[name=value]').fill('7');
    await browser.submit();
    await browser.note(`Changed quantity in ${apples.toLocaleString('en')} rows`);
    await page.locator('.chip').first().click();
    const column = [...cells, "UPDATE t SET quantity = 7 WHERE category = 'apples'"];
    await agrees(browser, truth(...column));

    await page.locator('body').press('Control+z');
    await browser.note(/^Taken back: changed “quantity”/);
    await agrees(browser, truth(...cells));
    await page.keyboard.press('Control+Shift+z');
    await agrees(browser, truth(...column));
    await page.keyboard.press('Control+z');
    await page.keyboard.press('Control+z');
    await page.keyboard.press('Control+z');
    await agrees(browser, begin);
    await browser.close();
});

test('keys open, keep, leave and clear cells of every type', async () => {
    const browser = await kinds();
    const { keyboard } = browser.page;
    const active = () => browser.page.evaluate(() => {
        const cell = document.querySelector('.slick-cell.active');
        return [Number(cell.parentElement.getAttribute('aria-rowindex')) - 2, Number(/\bl(\d+)/.exec(cell.className)[1])];
    });

    await browser.type(0, 'name', 'Ann');
    assert.deepEqual(await active(), [1, 1], 'Enter goes down');
    await keyboard.press('F2');
    assert.equal(await browser.page.locator('.cell-editor textarea').inputValue(), 'bob');
    await keyboard.type('bert');
    await keyboard.press('Escape');
    await browser.shows(1, 'name', 'bob');
    await keyboard.type('bea');
    await keyboard.press('Tab');
    assert.deepEqual(await active(), [1, 2], 'Tab goes right');
    await keyboard.press('Space');
    await browser.shows(1, 'flag', 'true', 'saved');
    await keyboard.press('Tab');
    await keyboard.type('2024-02-30');
    await keyboard.press('Enter');
    await browser.page.getByText('“2024-02-30” is not a date').waitFor();
    await browser.page.locator('.cell-editor input').first().fill('2024-02-29');
    await keyboard.press('Shift+Tab');
    await browser.shows(1, 'day', '2024-02-29', 'saved');
    await browser.type(1, 'moment', '2024-03-01 08:30', 'Shift+Enter');
    await browser.shows(1, 'moment', '2024-03-01 08:30:00', 'saved');
    assert.deepEqual(await active(), [0, 4], 'Shift+Enter goes up');
    await browser.click(2, 'n');
    await keyboard.press('Delete');
    await browser.shows(2, 'n', 'null', 'saved');
    await browser.type(2, 'name', '""');
    await browser.shows(2, 'name', '""', 'saved');
    await browser.click(2, 'share');
    await keyboard.press('Escape');
    await keyboard.press('ArrowLeft');
    await keyboard.press('Tab');
    assert.equal(await browser.page.evaluate(() => document.querySelector('.grid').contains(document.activeElement)), false, 'Tab leaves the grid when nothing is being typed');

    const other = await client(browser);
    const page = await other.call('table.page', { table: 'kinds', limit: 4 });
    assert.deepEqual(page.data.map((column) => column.slice(0, 3)), [
        ['Ann', 'bea', ''], [true, true, null], ['2024-01-31', '2024-02-29', '2024-02-02'],
        ['2024-01-31T12:00:00Z', '2024-03-01T08:30:00Z', '2024-02-02T00:00:00Z'], [1, 2, null], [0.5, 1.5, 2.5],
    ]);
    await other.close();
    await browser.close();
});

test('a text that does not fit is refused where it stands, and is not lost', async () => {
    const browser = await kinds();
    const { keyboard } = browser.page;

    await browser.click(0, 'n');
    await keyboard.type('1.5');
    await keyboard.press('Enter');
    await browser.page.getByText('is no whole number').waitFor();
    await browser.click(3, 'name');
    await browser.shows(0, 'n', '1.5', 'refused');
    await browser.note(/^n, row 1: “1\.5” is no whole number/);
    assert.deepEqual(await browser.accessibilityProblems(), []);
    await browser.click(0, 'n');
    await keyboard.press('Enter');
    assert.equal(await browser.page.locator('.cell-editor input').inputValue(), '1.5');
    await keyboard.press('Escape');
    await keyboard.press('Escape');
    await browser.shows(0, 'n', '1');
    assert.equal(await browser.page.locator('.edit-note').isVisible(), false);
    await browser.close();
});

test('rectangles are copied, and pasted as one change or not at all', async () => {
    const browser = await kinds();
    const { page } = browser;
    await browser.click(0, 'name');
    await browser.click(2, 'flag', { modifiers: ['Shift'] });
    assert.equal(await browser.copied(), 'ann\ttrue\nbob\tfalse\ncid\t');

    await browser.click(2, 'n');
    await browser.paste('10\t0.25\r\n20\tx\r\n');
    await browser.note(/^Nothing was pasted\. share, row 4: “x” is not a number/);
    await browser.shows(2, 'n', '10', 'refused');
    await page.getByRole('button', { name: 'Discard' }).click();
    await browser.shows(2, 'n', '3');
    await browser.paste('10\t0.25\r\n20\t0.5\r\n30\t0.75\r\n');
    await browser.note(/^Pasted 3 rows of 2 columns, 1 row appended/);
    await browser.shows(4, 'n', '30');
    await browser.shows(4, 'name', 'null');
    await browser.figure('rows', '^5$');
    const other = await client(browser);
    assert.deepEqual((await other.call('table.history', { table: 'kinds' })).length, 1);

    await page.locator('.edit-note').getByRole('button', { name: 'Undo' }).click();
    await browser.figure('rows', '^4$');
    await browser.shows(2, 'n', '3');
    await browser.click(0, 'share');
    await browser.click(2, 'share', { modifiers: ['Shift'] });
    await browser.paste('9');
    await browser.shows(2, 'share', '9', 'saved');
    await page.keyboard.press('Delete');
    await browser.shows(0, 'share', 'null', 'saved');
    await browser.click(0, 'flag');
    await browser.paste('1\t2\t3\t4\t5\t6\t7');
    await browser.note(/^The clipboard holds 7 columns, but from here only 5 columns are left/);
    await other.close();
    await browser.close();
});

test('what someone else did meanwhile is not overwritten unseen', async () => {
    const browser = await kinds();
    await browser.type(0, 'n', '11');
    await browser.shows(0, 'n', '11', 'saved');
    const other = await client(browser);
    const call = (method, params) => other.call(`table.${method}`, { table: 'kinds', ...params });

    await browser.click(1, 'n');
    await browser.page.keyboard.type('12');
    await call('update', { row_ids: [1], set: { n: 99 } });
    await browser.page.keyboard.press('Enter');
    await browser.shows(1, 'n', '12', 'refused');
    await browser.note(/Someone changed this cell to 99 meanwhile\. Yours \(12\) was not written/);
    await browser.type(1, 'n', '13');
    await browser.shows(1, 'n', '13', 'saved');

    await browser.click(3, 'n');
    await browser.page.keyboard.type('14');
    await call('update', { row_ids: [2], set: { n: 98 } });
    await browser.page.keyboard.press('Enter');
    await browser.shows(3, 'n', '14', 'saved');
    assert.deepEqual((await call('page', { columns: ['n'] })).data, [[11, 13, 98, 14]]);

    await browser.click(3, 'n');
    await browser.page.keyboard.type('15');
    await call('delete_rows', { row_ids: [3] });
    await browser.page.keyboard.press('Enter');
    await browser.note(/this row is not in sight any more|deleted this row/);
    await other.close();
    await browser.close();
});

test('rows are added at the end and deleted, and both are taken back', async () => {
    const browser = await kinds();
    const { page } = browser;
    await page.getByRole('button', { name: 'Add row' }).click();
    await browser.until('the field of the new row', () => document.querySelector('.cell-editor [aria-label="name, row 5"]'));
    await page.keyboard.type('eve');
    await page.keyboard.press('Enter');
    await browser.shows(4, 'name', 'eve', 'saved');
    await browser.figure('rows', '^5$');

    await (await browser.cell(1, 'name')).click();
    await page.keyboard.press('Shift+ArrowDown');
    await page.keyboard.press('Shift+Space');
    await page.getByRole('button', { name: 'Delete 2 rows' }).click();
    await browser.figure('rows', '^3$');
    await browser.shows(1, 'name', 'dan');
    await browser.note(/^Deleted 2 rows\./);
    await page.locator('.edit-note').getByRole('button', { name: 'Undo' }).click();
    await browser.figure('rows', '^5$');
    await browser.shows(1, 'name', 'bob');
    await browser.close();
});

test('a row that an edit moves away is told of', async () => {
    const browser = await kinds();
    const { page } = browser;
    await page.locator('.slick-header-column[data-id="n"]').click();
    await page.locator('.slick-header-column[data-id="n"]').click();
    await browser.shows(0, 'name', 'dan');
    await browser.type(0, 'n', '0');
    await browser.note(/^The row that was row 1 has its new place in the order/);
    await page.getByRole('button', { name: 'Go to it' }).click();
    await browser.shows(3, 'name', 'dan');
    await browser.close();
});

test('the history lists what was done and goes back to any of it', async () => {
    const browser = await kinds();
    const { page } = browser;
    for (const [row, text] of [[0, '10'], [1, '20'], [2, '30']]) {
        await browser.type(row, 'n', text);
        await browser.shows(row, 'n', text, 'saved');
    }
    await page.getByRole('tab', { name: 'History' }).click();
    const lines = () => page.locator('.history-steps li').allInnerTexts();
    await browser.until('three steps', () => document.querySelectorAll('.history-steps li').length === 4);
    assert.match((await lines())[0], /Changed “n” in 1 row\.[^]*1 row[^]*now/);
    assert.deepEqual(await browser.accessibilityProblems(), []);

    await page.locator('.history-steps li').nth(2).getByRole('button').click();
    await browser.until('two steps taken back', () => document.querySelectorAll('.history-steps .is-undone').length === 2);
    await browser.figure('mean-n', '^4\\.75$');
    await page.getByRole('button', { name: 'Redo' }).click();
    await browser.until('one step taken back', () => document.querySelectorAll('.history-steps .is-undone').length === 1);
    await page.getByRole('button', { name: 'Back to here: the beginning' }).click();
    await browser.figure('mean-n', '^2\\.5$');
    await page.locator('body').press('Control+z');
    await browser.note(/^Nothing was done/);
    await browser.close();
});

test('a shared data set becomes the session\'s own, which is said once', async () => {
    const browser = await kinds();
    await browser.type(0, 'n', '10');
    await browser.note(/“kinds” is shared by everyone on this server: your changes are in a copy of your own/);
    await browser.page.getByRole('button', { name: 'Close this note' }).click();
    await browser.type(1, 'n', '20');
    await browser.shows(1, 'n', '20', 'saved');
    assert.equal(await browser.page.locator('.edit-note').isVisible(), false);

    const stranger = await Client.open(server);
    assert.deepEqual((await stranger.call('table.page', { table: 'kinds', columns: ['n'] })).data, [[1, 2, 3, 4]]);
    await stranger.close();
    await browser.close();
});

test('charts follow a column that is renamed, cast, dropped and brought back', async () => {
    const browser = await kinds();
    const { page } = browser;
    await browser.menu('n', 'Rename …');
    assert.deepEqual(await browser.accessibilityProblems(), []);
    await browser.dialog('[name=to]').fill('number');
    await page.keyboard.press('Enter');
    await browser.card('number').locator('.u-wrap').waitFor();
    assert.equal(await browser.card('n').count(), 0);

    await browser.menu('number', 'Drop the column');
    await page.getByText('The table has no column number any more').first().waitFor();
    assert.deepEqual(await browser.accessibilityProblems(), []);
    await page.locator('.edit-note').getByRole('button', { name: 'Undo' }).click();
    await browser.card('number').locator('.u-wrap').waitFor();
    await page.locator('body').press('Control+z');
    await browser.card('n').locator('.u-wrap').waitFor();
    assert.equal(await page.locator('.card-error:visible').count(), 0);
    await browser.close();
});

test('a table that another window drops says so', async () => {
    const browser = await Editor.open(server.origin);
    await browser.goto('/');
    await browser.page.setInputFiles('input[type=file]', { name: 'mine.csv', mimeType: 'text/csv', buffer: Buffer.from(KINDS) });
    await browser.figure('rows', '^4$');
    await browser.until('the end of the upload', () => !document.querySelector('.upload'));

    const other = await client(browser);
    await other.call('table.drop', { table: 'mine' });

    await browser.page.getByText('The table “mine” is gone: it was dropped').waitFor();
    assert.equal(await browser.page.locator('.card').count(), 0);
    await browser.page.getByRole('button', { name: 'Choose a file' }).waitFor();
    await other.close();
    await browser.close();
});
