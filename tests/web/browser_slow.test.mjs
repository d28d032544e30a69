// What a fast server on a small table never shows: charts that take their time, a hundred million
// rows, notices. A relay in the browser holds back or rewrites what the real server says.
import assert from 'node:assert/strict';
import { rmSync } from 'node:fs';
import { after, before, test } from 'node:test';
import { Server, temporaryFolder } from './support/server.mjs';
import { makeCsv } from './support_browser/data.mjs';
import { Browser, closeLeftBrowsers } from './support_browser/page.mjs';

const HUGE = 100_000_000;

let server;
let folder;

before(async () => {
    folder = temporaryFolder();
    server = await Server.start({ files: [makeCsv(folder, 'shared.csv', 5000)] });
});

after(async () => {
    await closeLeftBrowsers();
    await server.stop();
    rmSync(folder, { recursive: true, force: true });
});

/**
 * @param {(message: any, text: string, send: (text: string) => void) => boolean | undefined} fromServer true: passed on as it is
 * @param {(message: any, reply: (text: string) => void) => boolean} [fromPage]
 */
async function open(fromServer, fromPage = () => true) {
    const browser = await Browser.open(server.origin);
    await browser.page.routeWebSocket(/\/ws$/, (near) => {
        const far = near.connectToServer();
        near.onMessage((text) => fromPage(JSON.parse(text), (reply) => near.send(reply)) && far.send(text));
        far.onMessage((text) => {
            if (fromServer(JSON.parse(text), text, (other) => near.send(other))) {
                near.send(text);
            }
        });
        browser.say = (method, params) => near.send(JSON.stringify({ jsonrpc: '2.0', method, params }));
    });
    await browser.goto('/');
    await browser.page.getByRole('button', { name: /Explore “shared”/ }).click();
    await browser.figure('rows');
    return browser;
}

test('a chart that takes long is marked busy, keeps its picture, and is marked no more when done', async () => {
    let is_holding = false;
    const held = [];
    const browser = await open((message, text) => {
        const is_value = message.method === 'output.value' && message.params.kind === 'groupby';
        if (is_holding && is_value) {
            held.push(text);
        }
        return !(is_holding && is_value);
    });
    const { page } = browser;
    await browser.card('category').getByRole('option').first().waitFor();
    const is_busy = () => page.evaluate(() => document.querySelector('.bars').closest('.card').classList.contains('is-busy'));
    is_holding = true;

    await browser.brush('x', 0.3, 0.6);
    await browser.until('the answer to be held', () => document.querySelectorAll('.chip').length === 1);
    const name = await waitForName(held);
    browser.say('output.state', { output: name, state: 'busy', progress: 0.4 });
    await browser.until('the busy mark', () => document.querySelector('.bars').closest('.card').classList.contains('is-busy'));

    assert.ok(await browser.card('category').getByRole('option').first().isVisible(), 'the old picture stays');
    assert.equal(await page.evaluate(() => document.querySelector('.bars-host').getAttribute('aria-busy')), 'true');
    is_holding = false;
    held.forEach((text) => browser.say('output.value', JSON.parse(text).params));
    await browser.until('the mark to be gone', () => !document.querySelector('.bars').closest('.card').classList.contains('is-busy'));
    assert.equal(await is_busy(), false);
    await browser.close();
});

async function waitForName(held) {
    while (held.length === 0) {
        await new Promise((resolve) => { setTimeout(resolve, 20); });
    }
    return JSON.parse(held[0]).params.output;
}

test('a busy that is over within a quarter of a second is never shown', async () => {
    let output = null;
    const browser = await open(() => true, ({ method, params }) => {
        if (method === 'output.define' && params.kind === 'groupby' && params.select) {
            output ??= params.output;
        }
        return true;
    });
    await browser.card('category').getByRole('option').first().waitFor();
    await browser.page.evaluate(() => {
        const card = document.querySelector('.bars').closest('.card');
        window.seen = [];
        new MutationObserver(() => window.seen.push(card.className)).observe(card, { attributes: true, attributeFilter: ['class'] });
    });
    browser.say('output.state', { output, state: 'busy' });
    browser.say('output.state', { output, state: 'ok' });
    // Longer than any busy mark waits: had the first word started one, it would be there now.
    await browser.page.waitForTimeout(600);
    const after_short = (await browser.page.evaluate(() => window.seen)).filter((names) => names.includes('is-busy')).length;
    browser.say('output.state', { output, state: 'busy' });
    await browser.until('a busy that lasts', () => document.querySelector('.bars').closest('.card').classList.contains('is-busy'));

    assert.equal(after_short, 0);
    await browser.close();
});

test('the grid reaches each of a hundred million rows and moves row by row', async () => {
    const columns = ['category', 'x', 'y', 'time', 'price', 'quantity', 'station', 'note'];
    const browser = await open(
        (message, text, send) => {
            if (message.method === 'output.value' && message.params.kind === 'value') {
                send(JSON.stringify({ ...message, params: { ...message.params, rows: HUGE, total: HUGE } }));
                return false;
            }
            return true;
        },
        (message, reply) => {
            if (message.method !== 'table.page') {
                return true;
            }
            const { offset, limit } = message.params;
            const ids = Array.from({ length: Math.min(limit, HUGE - offset) }, (_, i) => offset + i);
            const data = columns.map((name) => ids.map((id) => (name === 'station' ? `S${id}` : null)));
            reply(JSON.stringify({ jsonrpc: '2.0', id: message.id, result: { version: 1, rows: HUGE, offset, row_ids: ids, columns, data } }));
            return false;
        },
    );
    const { page } = browser;
    const station = (row) => browser.until(`row ${row}`, (index) => {
        const found = document.querySelector(`.slick-row[aria-rowindex="${index}"]`);
        return found && !found.classList.contains('is-loading') && [...found.querySelectorAll('.slick-cell')].map((cell) => cell.textContent).find((text) => text.startsWith('S'));
    }, row + 2);
    const top = () => page.evaluate(() => Math.min(...[...document.querySelectorAll('.slick-row')].filter((row) => {
        const area = document.querySelector('.slick-viewport-top.slick-viewport-left').getBoundingClientRect();
        return row.getBoundingClientRect().bottom > area.top + 2;
    }).map((row) => Number(row.getAttribute('aria-rowindex')))));

    for (const row of [HUGE - 1, HUGE / 2, 12_345_678, 0]) {
        await page.getByLabel('Go to row number').fill(String(row + 1));
        await page.getByRole('button', { name: 'Go', exact: true }).click();
        assert.equal(await station(row), `S${row}`);
    }
    await page.getByLabel('Go to row number').fill(String(HUGE / 2));
    await page.getByRole('button', { name: 'Go', exact: true }).click();
    await station(HUGE / 2 - 1);
    const before_top = await top();
    await page.locator('.grid').scrollIntoViewIfNeeded();
    const box = await page.locator('.grid').boundingBox();
    await page.mouse.move(box.x + 200, box.y + 200);
    for (let i = 0; i < 10; i++) {
        await page.mouse.wheel(0, 26);
    }
    await browser.until('ten rows further down', (from) => {
        const area = document.querySelector('.slick-viewport-top.slick-viewport-left').getBoundingClientRect();
        const rows = [...document.querySelectorAll('.slick-row')].filter((row) => row.getBoundingClientRect().bottom > area.top + 2);
        return Math.min(...rows.map((row) => Number(row.getAttribute('aria-rowindex')))) === from + 10;
    }, before_top);
    await browser.close();
});

test('a notice of the server is shown', async () => {
    const browser = await open(() => true);

    browser.say('session.notice', { level: 'warning', text: 'Memory is running short.' });

    await browser.page.getByText('Memory is running short.').waitFor();
    await browser.page.getByRole('button', { name: 'Understood' }).click();
    await browser.close();
});
