import { counted } from '../format.js';
import { ROWS_MAX } from './changes.js';
import { fromTsv, toTsv } from './tsv.js';
import { cellText, readCell } from './values.js';

const CELLS_MAX = 200_000;
const SHOWN_MAX = 20_000;

/** Copy, cut and paste of rectangles, by the browser's own clipboard events: no permission is asked. */
export class Clipboard {
    #host;
    #selection;
    #source;
    #changes;
    #note;
    #isEditing;
    #offs;

    /**
     * @param {HTMLElement} host
     * @param {import('./selection.js').Selection} selection
     * @param {any} source see GridEditing
     * @param {import('./changes.js').Changes} changes
     * @param {{say: (text: string, options?: any) => void, isLocked: () => boolean}} note
     * @param {() => boolean} isEditing
     */
    constructor(host, selection, source, changes, note, isEditing) {
        this.#host = host;
        this.#selection = selection;
        this.#source = source;
        this.#changes = changes;
        this.#note = note;
        this.#isEditing = isEditing;
        const acts = { copy: (event) => this.#copy(event), cut: (event) => this.#cut(event), paste: (event) => this.#paste(event) };
        const bound = Object.entries(acts).map(([name, act]) => [name, (event) => this.#isOurs() && act(event)]);
        bound.forEach(([name, act]) => document.addEventListener(name, act));
        this.#offs = bound.map(([name, act]) => () => document.removeEventListener(name, act));
    }

    destroy() {
        this.#offs.forEach((off) => off());
    }

    /** Every cell of the selection with what it holds; null, said why, when that cannot be done. */
    selectedCells() {
        const { top, bottom, left, right } = this.#selection.range;
        const columns = this.#source.columns().slice(left, right + 1);
        const formula = columns.find((column) => column.formula);
        if (formula) {
            this.#note.say(`${formula.name} is a formula: its cells cannot be changed one by one.`);
            return null;
        }
        const cells = [];
        for (let row = top; row <= bottom; row++) {
            const item = this.#source.item(row);
            if (!item || cells.length > CELLS_MAX) {
                this.#note.say('Some of these rows were not fetched yet. Select fewer, or use “Edit filtered rows”.');
                return null;
            }
            columns.forEach((column, i) => {
                const entry = this.#changes.get(item.id, column.name);
                const was = entry && entry.state !== 'refused' ? entry.value : item.values[left + i];
                cells.push({ id: item.id, column: column.name, type: column.type, was, seen: item.version });
            });
        }
        return cells;
    }

    #isOurs() {
        return this.#host.contains(document.activeElement) && !this.#isEditing() && this.#selection.range !== null;
    }

    /** @returns {boolean} whether the clipboard has it */
    #copy(event) {
        const { top, bottom, left, right } = this.#selection.range;
        const types = this.#source.columns().map(({ type }) => type);
        const rows = [];
        event.preventDefault();
        for (let row = top; row <= bottom; row++) {
            const item = this.#source.item(row);
            if (!item || rows.length * (right - left + 1) > CELLS_MAX) {
                this.#note.say('Some of these rows were not fetched yet, so nothing was copied. “Filtered CSV” takes home any number of rows.');
                return false;
            }
            rows.push(item.values.slice(left, right + 1).map((value, i) => cellText(value, types[left + i])));
        }
        event.clipboardData.setData('text/plain', toTsv(rows));
        this.#note.say(`Copied ${counted(rows.length * (right - left + 1), 'cell')}.`, { is_brief: true });
        return true;
    }

    #cut(event) {
        const cells = this.#note.isLocked() ? null : this.selectedCells();
        if (cells && this.#copy(event)) {
            this.#changes.setCells(cells.filter(({ was }) => was !== null).map((cell) => ({ ...cell, text: '', value: null })));
        }
    }

    #paste(event) {
        event.preventDefault();
        if (this.#note.isLocked()) {
            return;
        }
        const text = event.clipboardData.getData('text/plain');
        const range = this.#selection.range;
        const is_one = !/[\t\r\n]/.test(text.replace(/\r?\n$/, ''));
        const rows = is_one ? this.#repeated(text.replace(/\r?\n$/, ''), range) : fromTsv(text);
        const problem = this.#whyNot(rows, range);
        if (problem) {
            this.#note.say(problem);
            return;
        }
        const { cells, appended } = this.#readAll(rows, range);
        const wrong = [...cells, ...appended.flatMap((row) => row.cells)].find((cell) => cell.problem);
        if (wrong) {
            this.#refuse(cells, wrong);
        } else {
            const more = appended.length > 0 ? `, ${counted(appended.length, 'row')} appended` : '';
            const what = `Pasted ${counted(rows.length, 'row')} of ${counted(rows[0].length, 'column')}${more}.`;
            this.#changes.setCells(cells, { rows: appended.map((row) => row.values), what });
        }
    }

    /** One cell fills all that is selected. */
    #repeated(text, { top, bottom, left, right }) {
        const [[cell]] = fromTsv(text);
        const rows = Math.min(bottom - top + 1, ROWS_MAX + 1);
        return Array.from({ length: rows }, () => Array(right - left + 1).fill(cell));
    }

    #whyNot(rows, { top, left }) {
        const columns = this.#source.columns();
        const wide = Math.max(...rows.map((row) => row.length));
        if (rows.length > ROWS_MAX) {
            return `A paste takes at most ${counted(ROWS_MAX, 'row')}, and these are ${counted(rows.length, 'row')}. “Edit filtered rows” changes any number; “Add a file” takes a whole table.`;
        }
        if (left + wide > columns.length) {
            return `The clipboard holds ${counted(wide, 'column')}, but from here only ${counted(columns.length - left, 'column')} are left. Nothing was pasted.`;
        }
        const formula = columns.slice(left, left + wide).find((column) => column.formula);
        if (formula) {
            return `${formula.name} is a formula: nothing can be pasted over it.`;
        }
        for (let row = top; row < Math.min(top + rows.length, this.#source.length()); row++) {
            if (!this.#source.item(row)) {
                return 'Some of the rows under the paste were not fetched yet. Scroll to them first.';
            }
        }
        return '';
    }

    #readAll(rows, { top, left }) {
        const columns = this.#source.columns();
        const cells = [];
        const appended = [];
        rows.forEach((texts, down) => {
            const item = this.#source.item(top + down);
            const read = texts.map((text, right) => {
                const { name, type } = columns[left + right];
                return { column: name, text, row: top + down, ...readCell(text, type), at: left + right };
            });
            if (item && top + down < this.#source.length()) {
                read.forEach((cell) => cells.push({ ...cell, id: item.id, was: item.values[cell.at], seen: item.version }));
            } else {
                appended.push({ cells: read, values: Object.fromEntries(read.map(({ column, value }) => [column, value ?? null])) });
            }
        });
        return { cells, appended };
    }

    /** All or nothing: one cell that does not fit, and the whole rectangle stays as typed, not written. */
    #refuse(cells, wrong) {
        const text = `${wrong.column}, row ${wrong.row + 1}: ${wrong.problem}`;
        const refused = cells.slice(0, SHOWN_MAX).map((cell) => ({ ...cell, value: cell.value ?? null, is_beside: !cell.problem, reason: cell.problem ?? `Not pasted, because another cell was refused. ${text}` }));
        this.#changes.refuse(refused, text);
        this.#changes.emit('failed', { text: `Nothing was pasted. ${text}`, cell: wrong.id === undefined ? null : wrong, cells: cells.length });
    }
}
