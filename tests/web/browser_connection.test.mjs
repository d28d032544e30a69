// The page when things break: lines that drop, uploads that stop half-way, sessions that end, charts that fail.
import assert from 'node:assert/strict';
import { rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { after, before, test } from 'node:test';
import { Client } from './support/client.mjs';
import { Server, temporaryFolder, until } from './support/server.mjs';
import { makeCsv } from './support_browser/data.mjs';
import { Browser, closeLeftBrowsers } from './support_browser/page.mjs';
import { Proxy } from './support_browser/proxy.mjs';

const ROWS = 20_000;
const count = (n) => n.toLocaleString('en');

let server;
let proxy;
let folder;
let csv;

before(async () => {
    folder = temporaryFolder();
    csv = makeCsv(folder, 'fruit.csv', ROWS);
    server = await Server.start({ files: [makeCsv(folder, 'shared.csv', 5000)] });
    proxy = await Proxy.start(server.port);
});

after(async () => {
    await closeLeftBrowsers();
    await proxy.stop();
    await server.stop();
    rmSync(folder, { recursive: true, force: true });
});

async function explore() {
    const browser = await Browser.open(proxy.origin);
    await browser.goto('/');
    await browser.page.setInputFiles('input[type=file]', csv);
    await browser.figure('rows', `^${count(ROWS)}$`);
    await browser.until('the charts', () => document.querySelectorAll('.card .u-wrap').length >= 6);
    return browser;
}

const connection = (browser, state) => browser.until(`the connection to be ${state}`, (wanted) => document.documentElement.dataset.connection === wanted, state);

test('a dropped line is told, and everything is back when it is', async () => {
    const browser = await explore();
    await browser.brush('x', 0.2, 0.5);
    await browser.until('a chip', () => document.querySelectorAll('.chip').length === 1);
    const chips = await browser.chips();

    proxy.refuses = true;
    proxy.cut();
    await connection(browser, 'reconnecting');
    assert.match(await browser.page.getByRole('status').filter({ hasText: 'connection is lost' }).innerText(), /Trying again/);
    await browser.card('category').getByRole('option', { name: /figs/ }).click();
    await browser.page.locator('.chip.is-waiting').filter({ hasText: /figs.*not applied/ }).waitFor();
    assert.equal(await browser.page.locator('.chip.is-waiting').count(), 1, 'the brush from before is applied');
    proxy.refuses = false;
    await browser.page.getByRole('button', { name: 'Try now' }).click({ timeout: 3000 }).catch(() => {});
    await connection(browser, 'restored');

    await browser.until('what was clicked meanwhile', () => /figs/.test(document.querySelector('.chips').textContent));
    assert.ok((await browser.chips()).includes(chips[0]));
    assert.equal(await browser.page.locator('.chip.is-waiting').count(), 0);
    await browser.until('fewer rows than before', (rows) => !document.querySelector('[data-figure="filtered"] dd').textContent.startsWith(rows), count(ROWS));
    await browser.close();
});

test('a session that is over is told, and a new one begins with one click', async () => {
    const browser = await explore();
    const other = await Client.open(server, { token: await browser.token() });

    await browser.brush('x', 0.2, 0.5);
    await browser.figure('filtered', '[(](?!100%)');
    const chips = await browser.chips();
    proxy.refuses = true;
    proxy.cut();
    await connection(browser, 'reconnecting');
    await browser.card('category').getByRole('option', { name: /figs/ }).click();
    await other.call('session.close');
    proxy.refuses = false;
    await browser.page.getByRole('button', { name: 'Try now' }).click({ timeout: 3000 }).catch(() => {});
    await connection(browser, 'expired');
    assert.match(await browser.page.locator('.banner').innerText(), /This session has ended: it was idle too long, was closed, or the server was restarted/);
    assert.deepEqual(await browser.chips(), chips, 'a filter that never arrived is taken back');
    await browser.page.getByRole('button', { name: 'Start again' }).click();
    await browser.page.getByRole('heading', { name: 'Drop a CSV here' }).waitFor();

    await connection(browser, 'connected');
    await browser.close();
});

test('a page that comes back after its session has ended starts empty and says why', async () => {
    const browser = await explore();
    const other = await Client.open(server, { token: await browser.token() });
    await other.call('session.close');

    await browser.page.reload();

    await browser.page.getByText('Your last session has ended').waitFor();
    await browser.page.getByRole('heading', { name: 'Drop a CSV here' }).waitFor();
    await browser.close();
});

test('charts that were out of sight when the page was reloaded follow the filters again', async () => {
    const browser = await explore();
    const other = await Client.open(server, { token: await browser.token() });
    const paused = async () => (await other.call('output.list')).filter(({ state }) => state === 'paused').length;
    await browser.page.setViewportSize({ width: 900, height: 500 });
    await browser.page.locator('.rows-panel').evaluate((panel) => { window.scrollTo(0, panel.offsetTop); });
    await until('charts above to be paused', async () => (await paused()) > 0);

    await browser.page.reload();
    await browser.until('the charts', () => document.querySelectorAll('.card .u-wrap').length >= 6);
    await browser.page.evaluate(() => window.scrollTo(0, 0));
    await browser.card('category').getByRole('option', { name: /figs/ }).click();
    const rows = (await browser.figure('filtered', '[(](?!100%)')).split(' ')[0];

    await browser.until('every chart in sight but the one clicked to show the filtered rows', (wanted) => {
        const inSight = [...document.querySelectorAll('.card')].filter((card) => card.getBoundingClientRect().top < innerHeight);
        const others = inSight.filter((card) => card.querySelector('h2').textContent !== 'category');
        return others.length > 0 && others.every((card) => card.querySelector('.card-count').textContent === `${wanted} rows`);
    }, rows);
    await browser.page.reload();
    await browser.until('the same after a reload', (wanted) => document.querySelector('[data-figure="filtered"] dd')?.textContent.startsWith(wanted)
        && [...document.querySelectorAll('.card-count')].filter(({ textContent }) => textContent === `${wanted} rows`).length > 2, rows);
    await other.close();
    await browser.close();
});

test('an upload is paused, cut by a reload, and goes on with the same file', async () => {
    const big = makeCsv(folder, 'big.csv', 400_000, 3);
    const browser = await Browser.open(proxy.origin);
    await browser.goto('/');
    proxy.bytes_per_second = 12_000_000;
    await browser.page.setInputFiles('input[type=file]', big);
    await browser.until('a checkpoint', () => /^(8|9|1\d|2\d)\.\d MB of/.test(document.querySelector('.upload-text')?.textContent ?? ''));
    await browser.page.getByRole('button', { name: 'Pause big.csv' }).click();
    await browser.page.getByText(/^Paused at/).waitFor();

    await browser.page.reload();
    await browser.page.getByText(/upload of big.csv .* was interrupted/).waitFor();
    proxy.bytes_per_second = 0;
    const heads = [];
    const posts = [];
    browser.page.on('request', (request) => {
        if (request.url().includes('/files')) {
            (request.method() === 'POST' ? posts : request.method() === 'HEAD' ? heads : []).push(request.url());
        }
    });
    await browser.page.setInputFiles('input[type=file]', big);

    await browser.figure('rows', '^400,000$');
    assert.ok(heads.length >= 1, 'the server was asked where it stopped; again where a request had to be repeated');
    assert.equal(posts.length, 0, 'no new upload was made');
    await browser.until('the note to be gone', () => !document.querySelector('.is-waiting'));
    await browser.close();
});

test('an upload goes on by itself after the line was cut', async () => {
    const big = makeCsv(folder, 'cut.csv', 300_000, 4);
    const browser = await Browser.open(proxy.origin);
    await browser.goto('/');
    proxy.bytes_per_second = 12_000_000;
    await browser.page.setInputFiles('input[type=file]', big);
    await browser.until('some bytes', () => /^\d+\.\d MB of/.test(document.querySelector('.upload-text')?.textContent ?? ''));

    proxy.cut();
    proxy.bytes_per_second = 0;

    await browser.figure('rows', '^300,000$');
    await browser.close();
});

test('a cancelled upload leaves nothing behind', async () => {
    const big = makeCsv(folder, 'gone.csv', 300_000, 5);
    const browser = await Browser.open(proxy.origin);
    await browser.goto('/');
    proxy.bytes_per_second = 6_000_000;
    await browser.page.setInputFiles('input[type=file]', big);
    await browser.until('some bytes', () => /MB of/.test(document.querySelector('.upload-text')?.textContent ?? ''));

    await browser.page.getByRole('button', { name: 'Cancel the upload' }).click();
    await browser.until('the line to be gone', () => !document.querySelector('.upload'));
    proxy.bytes_per_second = 0;

    const client = await Client.open(server, { token: await browser.token() });
    await client.close();
    assert.deepEqual(client.info.tables.map(({ table }) => table).filter((name) => name.includes('gone')), []);
    await browser.close();
});

test('cancelling an upload goes back to the table that was open before', async () => {
    const big = makeCsv(folder, 'half.csv', 400_000, 6);
    const browser = await explore();
    proxy.bytes_per_second = 6_000_000;
    await browser.page.setInputFiles('input[type=file]', big);
    await browser.until('its table to be open', () => document.querySelector('#table-picker').value === 'half' && document.querySelectorAll('.card').length > 0);

    await browser.page.getByRole('button', { name: 'Cancel the upload' }).click();
    await browser.figure('rows', `^${count(ROWS)}$`);

    await browser.until('the picker without it', () => ![...document.querySelectorAll('#table-picker option')].some(({ value }) => value === 'half'));
    proxy.bytes_per_second = 0;
    assert.equal(await browser.page.locator('#table-picker').inputValue(), 'fruit');
    assert.equal(await browser.page.locator('.card.is-failed').count(), 0);
    assert.equal(await browser.page.locator('.is-waiting').count(), 0, 'nothing to take up again');
    await browser.close();
});

test('the line of an upload says how many rows its table has in the end', async () => {
    const rows = 250_000;
    const big = makeCsv(folder, 'whole.csv', rows, 8);
    const browser = await Browser.open(proxy.origin);
    await browser.goto('/');

    await browser.page.setInputFiles('input[type=file]', big);
    const text = await browser.until('the end', () => /^Done.*/.exec(document.querySelector('.upload-text')?.textContent ?? '')?.[0]);

    assert.equal(text, `Done, ${count(rows)} rows`);
    await browser.close();
});

test('a server that was started again is told for what it is', async () => {
    const first = await Server.start({ files: [csv] });
    const listen = `127.0.0.1:${first.port}`;
    const browser = await Browser.open(first.origin);
    await browser.goto('/');
    await browser.page.getByRole('button', { name: /Explore “fruit”/ }).click();
    await browser.figure('rows', `^${count(ROWS)}$`);

    await first.stop();
    await connection(browser, 'reconnecting');
    assert.doesNotMatch(await browser.page.locator('.banner').innerText(), /data stay/);
    const second = await Server.start({ files: [csv], listen });
    await browser.page.getByRole('button', { name: 'Try now' }).click({ timeout: 3000 }).catch(() => {});
    await connection(browser, 'expired');

    assert.match(await browser.page.locator('.banner').innerText(), /or the server was restarted/);
    await browser.dispose();
    await second.stop();
});

test('a copied tab begins a session of its own', async () => {
    const browser = await explore();
    const token = await browser.token();
    const copy = await browser.context.newPage();
    await copy.addInitScript((kept) => {
        if (!sessionStorage.getItem('copied')) {
            sessionStorage.setItem('copied', 'yes');
            sessionStorage.setItem('spillway.token', kept);
        }
    }, token);

    await copy.goto(proxy.origin);
    await copy.getByText('The tab that this one was copied from keeps its session').waitFor();
    await copy.waitForFunction(() => document.documentElement.dataset.connection === 'connected');
    const own = await copy.evaluate(() => sessionStorage.getItem('spillway.token'));
    assert.ok(own && own !== token);

    await browser.page.reload();
    await browser.figure('rows', `^${count(ROWS)}$`);
    assert.equal(await browser.token(), token, 'a reloaded tab keeps its session');
    await copy.reload();
    await copy.waitForFunction(() => document.documentElement.dataset.connection === 'connected');
    assert.equal(await copy.evaluate(() => sessionStorage.getItem('spillway.token')), own);
    await browser.close();
});

test('a file that is no table is refused with a sentence', async () => {
    const picture = path.join(folder, 'picture.csv');
    writeFileSync(picture, Buffer.concat([Buffer.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]), Buffer.alloc(2000, 7)]));
    const browser = await Browser.open(proxy.origin);
    await browser.goto('/');

    await browser.page.setInputFiles('input[type=file]', picture);
    const text = await browser.until('the reason', () => document.querySelector('.upload.is-failed .upload-text')?.textContent);

    assert.match(text, /PNG/i);
    await browser.page.getByTitle('Close').click();
    await browser.until('the line to be gone', () => !document.querySelector('.upload'));
    await browser.close();
});

test('a chart that fails says so in its place and comes back', async () => {
    const browser = await explore();
    const other = await Client.open(server, { token: await browser.token() });

    await other.call('table.drop_column', { table: 'fruit', column: 'category' });
    await browser.card('category').getByRole('alert').waitFor();
    assert.match(await browser.card('category').getByRole('alert').innerText(), /category/);
    await other.call('table.undo', { table: 'fruit' });

    await browser.until('the chart again', () => {
        const card = [...document.querySelectorAll('.card')].find((element) => element.querySelector('h2').textContent === 'category');
        return card?.querySelector('.card-error').hidden && card.querySelector('.bar-number') !== null;
    });
    await other.close();
    await browser.close();
});

test('a table that another window drops is told in words', async () => {
    const browser = await explore();
    const other = await Client.open(server, { token: await browser.token() });

    await other.call('table.drop', { table: 'fruit' });

    await browser.page.getByText('The table “fruit” is gone: it was dropped').waitFor();
    await other.close();
    await browser.close();
});

test('a shared data set is one click away', async () => {
    const browser = await Browser.open(proxy.origin);
    await browser.goto('/');

    await browser.page.getByRole('button', { name: /Explore “shared”/ }).click();

    assert.equal(await browser.figure('rows'), '5,000');
    await browser.close();
});

test('the session is ended and its data deleted from the page', async () => {
    const browser = await explore();
    const token = await browser.token();

    await browser.page.getByRole('button', { name: 'Session' }).click();
    await browser.page.getByText(/MB of|KB of|GB/).first().waitFor();
    await browser.page.getByRole('button', { name: 'End the session and delete its data' }).click();
    await browser.page.getByRole('heading', { name: 'Drop a CSV here' }).waitFor();

    await assert.rejects(Client.open(server, { token }), { code: -32010 });
    await browser.close();
});
