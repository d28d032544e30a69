import { h } from '../dom.js';
import { counted } from '../format.js';
import { AddColumn } from './add-column.js';
import { CastColumn } from './cast-column.js';
import { Changes, sentence } from './changes.js';
import { EditRows } from './edit-rows.js';
import { FormDialog, field } from './form-dialog.js';
import { HistoryView } from './history-view.js';
import { Menu } from './menu.js';
import { EditNote } from './note.js';
import { Toolbar } from './toolbar.js';

const REST_MS = 150;
const SHARED_KEY = 'spillway.told.shared';

/** All that changes the table that is open: its toolbar, menus, dialogs, keys, history, and what is said of it. */
export class TableEditing {
    #table;
    #filters;
    #grid = null;
    #about = null;
    #note = new EditNote();
    #add;
    #toolbar;
    #timer = null;
    #offs = [];

    /**
     * @param {import('../../client/table.js').Table} table
     * @param {import('../filters.js').Filters} filters
     * @param {(column: any) => void} add makes a chart of a column
     * @param {() => void} derive makes a table from this one
     */
    constructor(table, filters, add, derive) {
        this.#table = table;
        this.#filters = filters;
        this.#add = add;
        this.changes = new Changes(table, (id, column, version) => this.#grid.look(id, column, version));
        this.history = new HistoryView(table, this.changes);
        this.#toolbar = new Toolbar({
            undo: () => this.changes.step('undo'),
            redo: () => this.changes.step('redo'),
            addRow: () => this.#addRow(),
            deleteRows: () => this.#deleteRows(),
            editRows: () => new EditRows(this.#table, this.#filters, this.changes).open(),
            addColumn: () => new AddColumn(this.#table, this.#about.columns, this.changes).open(),
            newTable: derive,
        });
        this.element = h('div', {}, this.#toolbar.element, this.#note.element);
        this.#listen();
        this.#toolbar.showSelected(0);
        this.fetchHistory();
    }

    /** What the grid says of itself. */
    get listener() {
        return {
            say: (text, options) => this.#note.say(text, options),
            isLocked: () => {
                this.#note.say(this.#lock);
                return this.#lock !== '';
            },
            selected: () => this.#toolbar.showSelected(this.#grid.selectedCount),
            menu: (name, opener) => this.menu(name, opener),
            moved: (row, now) => this.#moved(row, now),
        };
    }

    /** @param {import('../grid.js').Grid} grid */
    set grid(grid) {
        this.#grid = grid;
    }

    /** @param {any} about table.describe */
    describe(about) {
        this.#about = about;
        this.#toolbar.lock(this.#lock);
        this.#toolbar.showSelected(this.#grid.selectedCount);
    }

    /** Why nothing of the table can be changed; '' when it can. */
    get #lock() {
        if (this.#about?.status === 'loading') {
            return 'The table is still loading: it can be changed when all of it is there.';
        }
        return this.#about?.derived ? `This table follows ${sourcesOf(this.#about.derived)}: change it there, and this one follows.` : '';
    }

    fetchHistory() {
        clearTimeout(this.#timer);
        this.#timer = setTimeout(() => {
            const shown = this.history.fetch().then(() => this.#toolbar.showHistory(this.history.can));
            shown.catch(() => {}); // a lost line tells of itself
        }, REST_MS);
    }

    destroy() {
        clearTimeout(this.#timer);
        this.#offs.forEach((off) => off());
        this.#note.destroy();
    }

    /** @param {string} name of a column @param {any} opener */
    menu(name, opener) {
        const column = this.#about.columns.find((one) => one.name === name);
        if (!column) {
            return;
        }
        /** @type {([string, () => void] | null)[]} */
        const items = [
            ['Sort: smallest first', () => this.#grid.sortBy(name, 'asc')],
            ['Sort: largest first', () => this.#grid.sortBy(name, 'desc')],
            ['Do not sort', () => this.#grid.sortBy(name, null)],
            ['Chart it, to filter by it', () => this.#add(column)],
            ...(this.#lock ? [] : this.#editItems(column)),
        ];
        new Menu(`Column ${name}`, items, opener);
    }

    /** @returns {([string, () => void] | null)[]} */
    #editItems(column) {
        const { name, formula } = column;
        return [
            null,
            ...(formula ? this.#formulaItems(column) : [/** @type {[string, () => void]} */ (['Edit filtered rows …', () => new EditRows(this.#table, this.#filters, this.changes).open(name)])]),
            ['Rename …', () => this.#rename(name)],
            ...(formula ? [] : [/** @type {[string, () => void]} */ (['Change type …', () => new CastColumn(this.#table, column, this.changes).open()])]),
            null,
            ['Drop the column', () => this.#drop(name)],
        ];
    }

    /** @returns {[string, () => void][]} */
    #formulaItems(column) {
        const { name } = column;
        return [
            ['Change the formula …', () => new AddColumn(this.#table, this.#about.columns, this.changes).open(column)],
            ['Freeze to values', () => this.#try(`${name} keeps the values that it has now.`, (table) => table.freezeColumn({ column: name }))],
        ];
    }

    #listen() {
        const undo = /** @type {[string, () => void]} */ (['Undo', () => this.changes.step('undo')]);
        const keys = (event) => this.#key(event);
        document.addEventListener('keydown', keys);
        this.#offs.push(
            () => document.removeEventListener('keydown', keys),
            this.changes.on('done', ({ what, can_undo }) => {
                this.#note.say(what + this.#firstOfShared(), { actions: can_undo ? [undo] : [], is_brief: !can_undo });
                this.fetchHistory();
            }),
            this.changes.on('cells', () => this.#cellsChanged()),
            this.changes.on('failed', (failure) => this.#failed(failure)),
        );
    }

    /** A shared data set is copied by its first edit: said once, together with that edit. */
    #firstOfShared() {
        if (!this.#about?.shared || sessionStorage.getItem(SHARED_KEY) === this.#table.name) {
            return '';
        }
        sessionStorage.setItem(SHARED_KEY, this.#table.name);
        return ` “${this.#table.name}” is shared by everyone on this server: your changes are in a copy of your own, which nobody else sees.`;
    }

    #cellsChanged() {
        const text = this.changes.last ? this.#firstOfShared() : '';
        if (text) {
            this.#note.say(text.trim());
        } else if (this.changes.refused.length === 0 && this.#note.element.dataset.mood === 'bad') {
            this.#note.say('');
        }
    }

    #failed({ text, cell = null, cells = 0 }) {
        const kept = cells > 0 ? [/** @type {[string, () => void]} */ (['Discard', () => this.#discard()])] : [];
        const where = cell && cell.row !== undefined && cells === 1 ? `${cell.column}, row ${cell.row + 1}: ` : '';
        this.#note.say(where + text, { mood: 'bad', actions: kept });
    }

    #discard() {
        this.changes.discard();
        this.#note.say('');
        this.#grid.focus();
    }

    /** Ctrl+Z where nothing is typed: in a field it is the field's. */
    #key(event) {
        const is_field = event.target.closest?.('input:not([type=checkbox]), textarea, select, [contenteditable], dialog');
        const is_command = (event.ctrlKey || event.metaKey) && !event.altKey;
        const key = event.key.toLowerCase();
        if (!is_command || is_field || !this.element.isConnected || document.querySelector('dialog[open]')) {
            return;
        }
        if (key === 'z' || key === 'y') {
            event.preventDefault();
            this.changes.step(key === 'y' || event.shiftKey ? 'redo' : 'undo');
        }
    }

    #try(what, act) {
        return this.changes.run(what, act).catch((error) => this.#note.say(sentence(error.message), { mood: 'bad' }));
    }

    async #addRow() {
        const { columns } = this.#about;
        const plain = columns.find(({ formula }) => !formula) ?? columns[0];
        const result = await this.#try('Added a row at the end.', (table) => table.append({ rows: [{ [plain.name]: null }] }));
        if (!result) {
            return;
        }
        const is_end = this.#filters.active.length === 0 && this.#grid.sort.length === 0;
        if (is_end) {
            await this.#grid.rowsBecome(Number(result.rows));
            this.#grid.editRow(Number(result.rows) - 1);
        } else {
            this.#note.say('Added a row at the end of the table. Filters or the order of the rows keep it out of sight.', {
                actions: [['Show it', () => this.#showLast(Number(result.rows))], ['Undo', () => this.changes.step('undo')]],
            });
        }
    }

    async #showLast(rows) {
        this.#note.say('');
        this.#filters.clear();
        this.#grid.sortBy('', null);
        await this.#grid.rowsBecome(rows);
        this.#grid.editRow(rows - 1);
    }

    async #deleteRows() {
        const { rows: row_ids, problem } = this.#grid.selectedRows();
        if (problem) {
            this.#note.say(problem, { mood: 'bad' });
            return;
        }
        await this.#try(`Deleted ${counted(row_ids.length, 'row')}.`, (table) => table.deleteRows({ row_ids, ...this.changes.seen(this.#grid.version) }));
    }

    #rename(from) {
        const dialog = new FormDialog(`Rename ${from}`, 'Rename');
        const input = h('input', { name: 'to', value: from, autocomplete: 'off' });
        dialog.open([field('New name', input)], async () => {
            if (input.value !== from) {
                await this.changes.run(`${from} is called ${input.value} now.`, (table) => table.renameColumn({ from, to: input.value }));
            }
        });
        input.select();
    }

    #drop(name) {
        this.#try(`Dropped the column ${name}.`, (table) => table.dropColumn({ column: name }));
    }

    #moved(row, now) {
        const is_sorted = this.#grid.sort.length > 0;
        const why = is_sorted ? 'has its new place in the order' : 'does not pass the filters any more';
        /** @type {[string, () => void][]} */
        const show = now >= 0 ? [['Go to it', () => this.#grid.goTo(now)]] : [];
        this.#note.say(`The row that was row ${row + 1} ${why}.`, { actions: [...show, ['Undo', () => this.changes.step('undo')]] });
    }
}


/** The tables that a derived one is made of, in words. @param {any} derived params of table.create */
export function sourcesOf({ from, join }) {
    return join ? `${from} and ${join.table}` : from;
}
