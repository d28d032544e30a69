// Words for tests that edit in the page: cells by row and column, the clipboard, what is shown.
import { Browser } from './page.mjs';

export class Editor extends Browser {
    /** A table of the server, opened, with its rows there. */
    static async explore(origin, table, options = {}) {
        const browser = await Editor.open(origin, options);
        await browser.goto('/');
        await browser.page.getByRole('button', { name: new RegExp(`Explore “${table}”`) }).click();
        await browser.figure('rows');
        await browser.rows();
        return browser;
    }

    /** Rows are there, and none of them is waiting for its page. */
    async rows() {
        await this.page.locator('.rows-panel').scrollIntoViewIfNeeded();
        await this.until('rows', () => document.querySelector('.slick-row:not(.is-loading) .slick-cell.l1') && !document.querySelector('.slick-row.is-loading'));
    }

    /** Where the cell of a row (counted from 0) and a column by name is in the document. */
    async place(row, column) {
        const names = await this.page.evaluate(() => [...document.querySelectorAll('.slick-header-column')].map((node) => node.dataset.id));
        return `.slick-row[aria-rowindex="${row + 2}"] .slick-cell.l${names.indexOf(column)}`;
    }

    async cell(row, column) { return this.page.locator(await this.place(row, column)); }

    async click(row, column, options = {}) { await (await this.cell(row, column)).click(options); }

    /** Waits until a cell shows a text, in a state ('', 'pending', 'saved', 'refused'). */
    async shows(row, column, text, state = null) {
        const place = await this.place(row, column);
        await this.until(`row ${row}, ${column} to show ${text}`, ([selector, wanted, style]) => {
            const node = document.querySelector(selector);
            return node?.textContent === wanted && (style === null || node.classList.contains(`is-${style}`));
        }, [place, text, state]);
    }

    /** Types over a cell and leaves it by a key. */
    async type(row, column, text, key = 'Enter') {
        await this.click(row, column);
        await this.page.keyboard.type(text);
        await this.page.keyboard.press(key);
    }

    /** Pastes what another program might have copied. */
    paste(text) {
        return this.page.evaluate((plain) => {
            const data = new DataTransfer();
            data.setData('text/plain', plain);
            document.activeElement.dispatchEvent(new ClipboardEvent('paste', { clipboardData: data, bubbles: true, cancelable: true }));
        }, text);
    }

    /** What a copy puts on the clipboard. */
    copied() {
        return this.page.evaluate(() => {
            const data = new DataTransfer();
            document.activeElement.dispatchEvent(new ClipboardEvent('copy', { clipboardData: data, bubbles: true, cancelable: true }));
            return data.getData('text/plain');
        });
    }

    /** The note at the foot, once it says something that fits. */
    note(pattern) {
        return this.until(`a note that fits ${pattern}`, (text) => {
            const note = document.querySelector('.edit-note:not([hidden]) .edit-note-text')?.textContent ?? '';
            return new RegExp(text).test(note) && note;
        }, String(pattern).replace(/^\/|\/$/g, ''));
    }

    async menu(column, item) {
        await this.page.locator(`.slick-header-column[data-id="${column}"]`).getByRole('button').click();
        await this.page.getByRole('menuitem', { name: item }).click();
    }

    dialog(selector) { return this.page.locator(`dialog[open] ${selector}`); }

    async submit() { await this.dialog('button[type=submit]').click(); }

    /** The series of a chart, once it is as it should be: charts follow a moment after the edit. */
    async becomes(title, wanted) {
        const end = Date.now() + 20_000;
        for (;;) {
            const lines = (await this.series(title)).slice(1);
            if (JSON.stringify(wanted(lines)) === 'true' || Date.now() > end) {
                return lines;
            }
        }
    }
}
