// The page in headless Chromium, with the words that the browser tests are written in.
import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { chromium } from 'playwright-core';

const require = createRequire(import.meta.url);
const AXE = readFileSync(require.resolve('axe-core/axe.min.js'), 'utf8');
const WAIT_MS = 30_000;
const ARGS = [
    '--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking',
    '--disable-component-update', '--disable-sync',
];

const opened = new Set();

/** For `after`: a test that failed leaves its browser open, which would keep the process alive. */
export async function closeLeftBrowsers() {
    await Promise.all([...opened].map((browser) => browser.dispose()));
}

export class Browser {
    /** Words of the console that mean something went wrong, and errors nobody caught. */
    problems = [];

    /**
     * @param {string} origin
     * @param {object} [options] of the browser context: viewport, colorScheme, ...
     */
    static async open(origin, options = {}) {
        const browser = new this();
        browser.origin = origin;
        browser.folder = mkdtempSync(path.join(tmpdir(), 'spillway-chromium-'));
        browser.context = await chromium.launchPersistentContext(browser.folder, {
            executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium',
            headless: true,
            args: ARGS,
            viewport: { width: 1280, height: 900 },
            acceptDownloads: true,
            ...options,
        });
        opened.add(browser);
        browser.page = browser.context.pages()[0];
        browser.page.setDefaultTimeout(WAIT_MS);
        browser.page.on('console', (message) => {
            if (message.type() === 'error' && !/Failed to load resource|WebSocket connection/.test(message.text())) {
                browser.problems.push(message.text());
            }
        });
        browser.page.on('pageerror', (error) => browser.problems.push(error.stack ?? String(error)));
        browser.page.on('dialog', (dialog) => {
            browser.problems.push(`a dialog: ${dialog.message()}`);
            dialog.dismiss();
        });
        return browser;
    }

    async goto(address) { await this.page.goto(this.origin + address); }

    /** Waits until a function of the page gives something true, and returns it. */
    async until(what, run, argument) {
        try {
            const handle = await this.page.waitForFunction(run, argument, { timeout: WAIT_MS });
            return await handle.jsonValue();
        } catch (error) {
            const text = await this.page.locator('body').innerText().catch(() => '');
            throw new Error(`waited for ${what}; the page says:\n${text.slice(0, 1500)}`, { cause: error });
        }
    }

    /** Every filter that was set has reached the server, and the figures say so. */
    settled() { return this.until('the filters to be answered', () => document.querySelector('.meter').dataset.state === 'settled'); }

    /** The card of a chart by its title. */
    card(title) {
        return this.page.locator('.card').filter({ has: this.page.getByRole('heading', { name: title, exact: true }) });
    }

    /** A key figure's text, once it fits. */
    figure(key, pattern = '.') {
        return this.until(`the figure ${key} to match ${pattern}`, ([name, text]) => {
            const said = document.querySelector(`[data-figure="${name}"] dd`)?.textContent ?? '';
            return new RegExp(text).test(said) && said;
        }, [key, String(pattern)]);
    }

    async chips() { return (await this.page.locator('.chip').allInnerTexts()).map((text) => text.trim()); }

    /** Draws a brush over the shares from..to of a chart's width (and height). */
    async brush(title, from, to, up = [0.5, 0.5]) {
        await this.card(title).scrollIntoViewIfNeeded();
        const box = await this.card(title).locator('.u-over .brush').boundingBox();
        const { mouse } = this.page;
        const at = (x, y) => [box.x + box.width * x, box.y + box.height * y];
        await mouse.move(...at(from, up[0]));
        await mouse.down();
        for (let i = 1; i <= 10; i++) {
            await mouse.move(...at(from + ((to - from) * i) / 10, up[0] + ((up[1] - up[0]) * i) / 10));
        }
        await mouse.up();
    }

    /** The series of a chart as a user takes it home: the lines of its CSV. */
    async series(title) {
        await this.card(title).scrollIntoViewIfNeeded();
        const text = await this.download(() => this.card(title).getByTitle('Save the series as CSV').click());
        return text.toString('utf8').trim().split('\r\n').map((line) => line.split(','));
    }

    /** The bytes of the file that an action downloads. */
    async download(act) {
        const [download] = await Promise.all([this.page.waitForEvent('download'), act()]);
        return readFileSync(await download.path());
    }

    token() { return this.page.evaluate(() => sessionStorage.getItem('spillway.token')); }

    /** What axe-core finds, as text. */
    async accessibilityProblems() {
        // Through the debugger's own world: the page's policy lets no foreign script in.
        const client = await this.context.newCDPSession(this.page);
        await client.send('Runtime.evaluate', { expression: AXE });
        const { result } = await client.send('Runtime.evaluate', {
            expression: 'axe.run().then((found) => JSON.stringify(found.violations.map((v) => [v.id, v.impact, v.nodes.map((n) => n.html.slice(0, 200))])))',
            awaitPromise: true,
        });
        await client.detach();
        return JSON.parse(result.value);
    }

    /** Nothing is wider than the window. */
    async overflow() { return this.page.evaluate(() => document.documentElement.scrollWidth - window.innerWidth); }

    async dispose() {
        opened.delete(this);
        await this.context.close();
        rmSync(this.folder, { recursive: true, force: true });
    }

    /** Closes the page; nothing may have gone wrong in it. */
    async close() {
        await this.dispose();
        assert.deepEqual(this.problems, [], 'the console of the page');
    }
}
