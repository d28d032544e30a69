// What the page looks like to someone who reads it: bins, brushes, the grid's order, words, commands.
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { after, before, test } from 'node:test';
import { promisify } from 'node:util';
import { Server, temporaryFolder } from './support/server.mjs';
import { Browser, closeLeftBrowsers } from './support_browser/page.mjs';

const DAYS = 120;
const PER_DAY = 400;
const ROWS = DAYS * PER_DAY;

let server;
let folder;

before(async () => {
    folder = temporaryFolder();
    const lines = ['day,level,value,kind,moment'];
    for (let i = 0; i < ROWS; i++) {
        const day = new Date(Date.UTC(2024, 0, 1 + (i % DAYS)));
        const moment = new Date(day.getTime() + i * 1234.567).toISOString();
        lines.push(`${day.toISOString().slice(0, 10)},${i % 240},${(i * 7919) % 1000}.5,${'abc'[i % 3]},${moment}`);
    }
    const file = path.join(folder, 'even.csv');
    writeFileSync(file, `${lines.join('\n')}\n`);
    server = await Server.start({ files: [file] });
});

after(async () => {
    await closeLeftBrowsers();
    await server.stop();
    rmSync(folder, { recursive: true, force: true });
});

async function explore() {
    const browser = await Browser.open(server.origin);
    await browser.goto('/');
    await browser.page.getByRole('button', { name: /Explore “even”/ }).click();
    await browser.figure('rows');
    await browser.until('the charts', () => document.querySelectorAll('.card .u-wrap').length >= 3);
    return browser;
}

test('days and numbers that are even are drawn even', async () => {
    const browser = await explore();

    const days = (await browser.series('day')).slice(1);
    const levels = (await browser.series('level')).slice(1);

    assert.deepEqual(days.map((line) => Number(line[2])), Array(DAYS).fill(PER_DAY));
    assert.deepEqual(days[1].slice(0, 2), ['2024-01-02T00:00:00Z', '2024-01-03T00:00:00Z']);
    assert.deepEqual(levels.map((line) => Number(line[2])), Array(120).fill(ROWS / 120));
    await browser.close();
});

test('reading and brushing a chart moves nothing on the page', async () => {
    const browser = await explore();
    await browser.page.setViewportSize({ width: 420, height: 900 });
    const tall = () => browser.page.evaluate(() => [...document.querySelectorAll('.card')].map((card) => card.offsetHeight));
    await browser.card('day').scrollIntoViewIfNeeded();
    const at_rest = await tall();

    const box = await browser.card('day').locator('.u-over .brush').boundingBox();
    await browser.page.mouse.move(box.x + box.width / 2, box.y + box.height / 2);
    await browser.until('the readout', () => [...document.querySelectorAll('.card-readout')].some((element) => element.textContent !== ''));

    assert.deepEqual(await tall(), at_rest);
    await browser.close();
});

test('bars outside of a brush fade, those inside keep their colour', async () => {
    const browser = await explore();
    await browser.card('day').scrollIntoViewIfNeeded();
    await browser.brush('day', 0.4, 0.6);
    await browser.until('the brush', () => document.querySelector('.brush.is-on'));
    await browser.page.mouse.move(2, 2);
    const area = await browser.card('day').locator('.u-over').boundingBox();
    const shot = await browser.page.screenshot();

    const pixel = (share) => browser.page.evaluate(async ([base64, x, y]) => {
        const bytes = Uint8Array.from(atob(base64), (c) => c.charCodeAt(0));
        const image = await createImageBitmap(new Blob([bytes]));
        const canvas = new OffscreenCanvas(image.width, image.height).getContext('2d');
        canvas.drawImage(image, 0, 0);
        // The darkest of a few pixels: between two bars there may be a gap.
        const { data } = canvas.getImageData(x, y, 6, 1);
        return Math.min(...[0, 1, 2, 3, 4, 5].map((i) => data[4 * i]));
    }, [shot.toString('base64'), Math.round(area.x + area.width * share), Math.round(area.y + area.height * 0.8)]);
    const [inside, outside] = [await pixel(0.5), await pixel(0.2)];

    assert.ok(outside > inside + 80, `outside ${outside}, inside ${inside}`);
    await browser.close();
});

test('a click sorts by one column, Shift adds one, and the rows begin at the top', async () => {
    const browser = await explore();
    const head = (name) => browser.page.getByRole('columnheader', { name: new RegExp(`^${name}`) });
    const sorted = () => browser.page.evaluate(() => [...document.querySelectorAll('.slick-header-column[aria-sort]')].map((node) => [node.dataset.id, node.getAttribute('aria-sort')]));
    const firstRow = (text) => browser.until(`the first row to be ${text}`, (wanted) => {
        const row = document.querySelector('.slick-row[aria-rowindex="2"]:not(.is-loading)');
        const cells = row && [...row.querySelectorAll('.slick-cell')];
        return cells?.map((cell) => cell.textContent).join(' ').startsWith(wanted) && cells[0].title;
    }, text);

    assert.equal(await firstRow('1 2024-01-01 0 0.5 a'), 'row id 0');
    await browser.page.getByLabel('Go to row number').fill('30000');
    await browser.page.getByRole('button', { name: 'Go', exact: true }).click();
    await browser.until('row 30,000', () => [...document.querySelectorAll('.slick-row .cell-id')].some((cell) => cell.textContent === '30,000'));
    await head('level').click();
    assert.deepEqual(await sorted(), [['level', 'ascending']]);
    await firstRow('1 2024-01-01 0 0.5 a');
    await head('level').click();
    assert.deepEqual(await sorted(), [['level', 'descending']]);
    await firstRow('1 2024-04-29 239');
    await head('day').click();
    assert.deepEqual(await sorted(), [['day', 'ascending']]);
    await head('level').click({ modifiers: ['Shift'] });
    assert.deepEqual(await sorted(), [['day', 'ascending'], ['level', 'ascending']]);
    await head('value').click();
    assert.deepEqual(await sorted(), [['value', 'ascending']]);
    await head('value').click();
    await head('value').click();
    assert.deepEqual(await sorted(), []);
    await browser.close();
});

test('a time is not cut off in the grid', async () => {
    const browser = await explore();
    await browser.until('rows', () => document.querySelector('.slick-row:not(.is-loading)'));

    const [shown, cut] = await browser.page.evaluate(() => {
        const cells = [...document.querySelectorAll('.slick-row .slick-cell.r5')];
        return [cells, cells.filter((cell) => cell.scrollWidth > cell.clientWidth)].map((list) => list.map((cell) => cell.textContent));
    });

    assert.ok(shown.length > 5);
    shown.forEach((text) => assert.match(text, /^2024-\d\d-\d\d /));
    assert.deepEqual(cut, []);
    await browser.close();
});

test('the session dialog gives a curl command that works, its token covered until asked for', async () => {
    const browser = await explore();
    await browser.context.grantPermissions(['clipboard-read', 'clipboard-write'], { origin: server.origin });
    const token = await browser.token();
    const holds = () => browser.page.evaluate((secret) => document.documentElement.outerHTML.includes(secret) || location.href.includes(secret), token);

    await browser.page.locator('#session').click();
    const command = browser.page.locator('.command');
    assert.match(await command.innerText(), /^curl -T FILE -H "Authorization: Bearer •+" http:\/\/127\.0\.0\.1:\d+\/upload\/FILE$/);
    assert.equal(await holds(), false);
    await browser.page.getByRole('button', { name: 'Show the token' }).click();
    assert.ok((await command.innerText()).includes(token));
    assert.deepEqual(await browser.accessibilityProblems(), []);
    await browser.page.getByRole('button', { name: 'Hide the token' }).click();
    assert.equal(await holds(), false);
    await browser.page.getByRole('button', { name: 'Copy the command' }).click();
    const copied = await browser.until('the copied command', () => navigator.clipboard.readText());

    const small = path.join(folder, 'small.csv');
    writeFileSync(small, 'a,b\n1,2\n');
    await promisify(execFile)('sh', ['-c', `${copied.replace('-T FILE', `-T ${small}`).replace('/upload/FILE', '/upload/small.csv')} --fail --silent`]);
    await browser.page.getByRole('button', { name: 'Close' }).click();
    await browser.until('its table', () => [...document.querySelectorAll('#table-picker option')].some((option) => /^small \(1 row/.test(option.textContent)));
    await browser.close();
});

test('the first page says what is on the server, and nothing about answers yet to come', async () => {
    const browser = await Browser.open(server.origin);
    await browser.goto('/');
    await browser.page.getByRole('heading', { name: 'Data on this server' }).waitFor();

    assert.equal(await browser.page.locator('.meter').innerText(), '');
    assert.equal(await browser.page.getByRole('heading', { name: 'Your tables' }).count(), 0);
    await browser.close();
});
