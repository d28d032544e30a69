// The page for everyone: light and dark, wide and 360 pixels, axe-core, the keyboard alone.
import assert from 'node:assert/strict';
import { rmSync } from 'node:fs';
import { after, before, test } from 'node:test';
import { Server, temporaryFolder, until } from './support/server.mjs';
import { makeCsv, oracle } from './support_browser/data.mjs';
import { Browser, closeLeftBrowsers } from './support_browser/page.mjs';

const ROWS = 20_000;
const count = (n) => n.toLocaleString('en');

let server;
let folder;
let csv;

before(async () => {
    folder = temporaryFolder();
    csv = makeCsv(folder, 'shared.csv', ROWS);
    server = await Server.start({ files: [csv] });
});

after(async () => {
    await closeLeftBrowsers();
    await server.stop();
    rmSync(folder, { recursive: true, force: true });
});

const drawn = (browser, charts) => browser.until('the charts', (least) => document.querySelectorAll('.card .u-wrap').length >= least, charts);

for (const colorScheme of ['light', 'dark']) {
    for (const width of [1280, 360]) {
        test(`axe finds nothing: ${colorScheme}, ${width} pixels`, async () => {
            const browser = await Browser.open(server.origin, { colorScheme, viewport: { width, height: 800 } });
            const { page } = browser;
            const check = async (what) => {
                assert.deepEqual(await browser.accessibilityProblems(), [], what);
                assert.ok(await browser.overflow() <= 0, `${what}: nothing is wider than ${width} pixels`);
            };
            await browser.goto('/');
            await page.getByRole('button', { name: /Explore “shared”/ }).waitFor();
            await check('start');

            await page.getByRole('button', { name: /Explore “shared”/ }).click();
            await browser.figure('rows');
            await drawn(browser, 1);
            await browser.card('category').getByRole('option', { name: /figs/ }).click();
            await browser.brush('x', 0.2, 0.7);
            await browser.until('two chips', () => document.querySelectorAll('.chip').length === 2);
            await check('dashboard');

            await browser.card('x').getByRole('button', { name: 'Show as a table' }).click();
            await page.getByRole('tab', { name: 'Columns' }).click();
            await check('tables');

            await page.getByRole('button', { name: 'Add a chart', exact: true }).click();
            await check('chart dialog');
            await page.keyboard.press('Escape');
            await page.getByRole('button', { name: 'Session' }).click();
            await check('session dialog');

            await browser.goto('/apps/dropdown');
            await drawn(browser, 1);
            await check('dropdown app');
            await browser.close();
        });
    }
}

test('the theme follows the system until it is switched, and is remembered', async () => {
    const browser = await Browser.open(server.origin, { colorScheme: 'dark' });
    await browser.goto('/');
    const background = () => browser.page.evaluate(() => getComputedStyle(document.body).backgroundColor);
    const dark = await background();

    await browser.page.getByRole('button', { name: 'Switch between light and dark' }).click();
    const light = await background();
    await browser.page.reload();

    assert.notEqual(light, dark);
    assert.equal(await background(), light);
    await browser.close();
});

/** Presses Tab until the focus is on what fits. */
async function tabTo(browser, what, fits) {
    for (let i = 0; i < 150; i++) {
        await browser.page.keyboard.press('Tab');
        if (await browser.page.evaluate(fits)) {
            return;
        }
    }
    assert.fail(`Tab never reaches ${what}`);
}

test('everything is done with the keyboard alone', async () => {
    const browser = await Browser.open(server.origin);
    const { keyboard } = browser.page;
    await browser.goto('/');
    await browser.page.getByRole('button', { name: /Explore “shared”/ }).waitFor();

    await tabTo(browser, 'the data set', () => document.activeElement.dataset.table === 'shared');
    await keyboard.press('Enter');
    await browser.figure('rows');
    await drawn(browser, 3);

    await tabTo(browser, 'the bars', () => document.activeElement.getAttribute('role') === 'option');
    await keyboard.press('ArrowDown');
    const name = await browser.page.evaluate(() => document.activeElement.querySelector('.bar-name').textContent);
    await keyboard.press('Enter');
    const [[[rows]]] = oracle(csv, [['SELECT count(*) FROM t WHERE category = ?', [name]]]);
    await browser.figure('filtered', `^${count(rows)} `);

    await tabTo(browser, 'the brush of x', () => document.activeElement.getAttribute('aria-label') === 'x, from');
    const start = await browser.page.evaluate(() => Number(document.activeElement.getAttribute('aria-valuenow')));
    for (let i = 0; i < 5; i++) {
        await keyboard.press('ArrowRight');
    }
    await keyboard.press('Shift+ArrowRight');
    await browser.until('two chips', () => document.querySelectorAll('.chip').length === 2);
    const now = await browser.page.evaluate(() => Number(document.activeElement.getAttribute('aria-valuenow')));
    assert.ok(now > start, `${start} -> ${now}`);
    await browser.until('fewer rows', (before_rows) => !document.querySelector('[data-figure="filtered"] dd').textContent.startsWith(before_rows), count(rows));

    await keyboard.press('Escape');
    await browser.until('one chip', () => document.querySelectorAll('.chip').length === 1);
    await browser.figure('filtered', `^${count(rows)} `);

    await tabTo(browser, 'a heading of the grid', () => document.activeElement.matches('[role="columnheader"][data-id="quantity"]'));
    await keyboard.press('Enter');
    await browser.until('the order', () => document.querySelector('[data-id="quantity"]').getAttribute('aria-sort') === 'ascending');
    await tabTo(browser, 'the rows', () => document.activeElement.closest('.grid') && !document.activeElement.matches('[role="columnheader"]'));
    await keyboard.press('Control+End');
    await browser.until('the last row', (index) => document.querySelector('.slick-cell.active')?.parentElement.getAttribute('aria-rowindex') === String(index), rows + 1);
    await keyboard.press('Tab');
    assert.equal(await browser.page.evaluate(() => Boolean(document.activeElement.closest('.grid'))), false, 'Tab leaves the grid');

    await keyboard.press('Shift+Tab');
    await tabTo(browser, 'the chip', () => document.activeElement.matches('.chip'));
    await keyboard.press('Enter');
    await browser.figure('filtered', `^${count(ROWS)} `);
    await browser.close();
});

test('at 360 pixels a finger brushes a chart', async () => {
    const browser = await Browser.open(server.origin, { viewport: { width: 360, height: 740 }, hasTouch: true, isMobile: true });
    await browser.goto('/');
    await browser.page.getByRole('button', { name: /Explore “shared”/ }).tap();
    await browser.figure('rows');
    await browser.card('x').scrollIntoViewIfNeeded();
    await browser.until('the chart', () => [...document.querySelectorAll('.card')].find((card) => card.querySelector('h2').textContent === 'x').querySelector('.brush'));
    const box = await browser.card('x').locator('.u-over .brush').boundingBox();
    const client = await browser.context.newCDPSession(browser.page);
    const touch = (type, x) => client.send('Input.dispatchTouchEvent', { type, touchPoints: type === 'touchEnd' ? [] : [{ x, y: box.y + box.height / 2 }] });

    await touch('touchStart', box.x + box.width * 0.2);
    for (let i = 1; i <= 10; i++) {
        await touch('touchMove', box.x + box.width * (0.2 + i * 0.04));
    }
    await touch('touchEnd');

    await browser.until('a chip', () => document.querySelectorAll('.chip').length === 1);
    assert.match((await browser.chips())[0], /^x: /);
    await browser.close();
});

test('a chart out of sight is paused at the server', async () => {
    const browser = await Browser.open(server.origin, { viewport: { width: 360, height: 600 } });
    const sent = [];
    browser.page.on('websocket', (ws) => ws.on('framesent', ({ payload }) => sent.push(String(payload))));
    await browser.goto('/');
    await browser.page.getByRole('button', { name: /Explore “shared”/ }).click();
    await browser.figure('rows');
    await drawn(browser, 1);

    await browser.until('everything to be asked for', () => document.querySelectorAll('.card').length >= 6);
    await browser.card('y against x, density').scrollIntoViewIfNeeded();
    await browser.until('the last chart', () => [...document.querySelectorAll('.card')].at(-1).querySelector('.u-wrap'));

    // A chart that was computed before it was paused is drawn before it is resumed.
    await until('a pause and then a resume', () => {
        const paused = sent.findIndex((text) => text.includes('"output.pause"'));
        return paused >= 0 && sent.slice(paused).some((text) => text.includes('"output.resume"'));
    });
    await browser.close();
});
