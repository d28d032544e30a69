import { h, iconButton } from './dom.js';
import { GridEditing } from './edit/grid-editing.js';
import { formatCell, formatCount, isNumeric } from './format.js';
import { GridAria } from './grid-aria.js';
import { PageCache } from './page-cache.js';
import { StrictGrid } from './slick.js';

const ROW_PX = 26;
const WIDTH_PX = { bool: 80, int: 110, float: 120, date: 110, timestamp: 216, string: 160 };
const REFRESH_MS = 150;

const LOOK_MS = 2000;

/** The rows of a table under its filters, in any order, of any length; their cells can be edited. */
export class Grid {
    #table;
    #select;
    #columns = [];
    #cache;
    #grid = null;
    #aria = null;
    #host;
    #sort = [];
    #timer = null;
    #problem;
    #changes;
    #note;
    /** @type {GridEditing | null} */
    #editing = null;
    /** @type {Map<string, string>} columns that cannot be computed now, with the reason */
    #broken = new Map();
    /** @type {(() => void)[]} wait for rows to arrive */
    #waiting = [];
    #off;

    /**
     * @param {import('../client/table.js').Table} table
     * @param {string} select the selection that filters it
     * @param {(text: string) => void} problem
     * @param {import('./edit/changes.js').Changes} changes
     * @param {{say: (text: string, options?: any) => void, isLocked: () => boolean, selected: () => void, menu: (name: string, at: Element) => void, moved: (row: number, now: number) => void}} note
     */
    constructor(table, select, problem, changes, note) {
        this.#table = table;
        this.#select = select;
        this.#problem = problem;
        this.#changes = changes;
        this.#note = note;
        this.#off = changes.on('cells', () => this.#redraw());
        this.#host = h('div', { class: 'grid' });
        this.element = this.#host;
        this.#cache = new PageCache({
            fetch: (offset, limit, signal) =>
                table.page({ offset, limit, select, columns: this.#names(), ...(this.#sort.length > 0 && { sort: this.#sort }) }, { signal }),
            arrived: (first, last, page) => this.#arrived(first, last, page),
            failed: (error) => problem(`Rows could not be read: ${error.message}`),
        });
    }

    /** @param {any[]} columns of table.describe */
    describe(columns) {
        const is_new = JSON.stringify(columns.map(typed)) !== JSON.stringify(this.#columns.map(typed));
        this.#columns = columns;
        if (is_new) {
            const names = this.#names();
            this.#sort = this.#sort.filter(({ column }) => names.includes(column));
            this.#cache.forget(); // its rows have other columns
            this.#headings();
            this.#cache.invalidate();
        }
    }

    #headings() {
        this.#grid?.setColumns(this.#slickColumns());
        this.#grid?.setSortColumns(this.#sort.map(({ column, desc }) => ({ columnId: column, sortAsc: !desc })));
        this.#aria?.showSort(this.#sort);
    }

    /** The headings of columns that cannot be computed now say why. */
    #markBroken({ formula_errors = [] }) {
        const broken = new Map(formula_errors.map(({ column, message }) => [column, message]));
        if (JSON.stringify([...broken]) !== JSON.stringify([...this.#broken])) {
            this.#broken = broken;
            this.#headings();
        }
    }

    /** The panel became visible, or has another width. */
    show() {
        if (this.#grid) {
            this.#grid.resizeCanvas();
        } else if (this.#host.isConnected && this.#columns.length > 0) {
            this.#make();
        }
    }

    /** Filters or table moved: other rows, perhaps fewer. */
    refresh(rows) {
        this.#setLength(rows);
        clearTimeout(this.#timer);
        if (this.#columns.length > 0) {
            this.#timer = setTimeout(() => this.#cache.invalidate(), REFRESH_MS);
        }
    }

    /** The table has another version, with as many rows for all we know. */
    refreshRows() {
        this.refresh(this.#cache.length);
    }

    /** @param {number} row @param {number} [cell] */
    goTo(row, cell = 0) {
        this.#grid?.scrollRowToTop(row);
        this.#grid?.setActiveCell(row, cell);
        this.#grid?.focus();
    }

    focus() {
        this.#grid?.focus();
    }

    /** Waits until the page knows of that many rows. */
    rowsBecome(rows) {
        return this.#until(() => this.#cache.length >= rows);
    }

    /** Opens the first cell of a row, as soon as the row is there. */
    async editRow(row) {
        this.goTo(row, 1);
        await this.#until(() => this.#cache.get(row) !== null);
        this.#editing?.edit(row, 1);
    }

    /** @returns {{rows?: any[], problem?: string}} the ids of the rows that are selected */
    selectedRows() {
        return this.#editing?.selectedRows() ?? { problem: 'Select a row first: click its number.' };
    }

    get selectedCount() {
        const range = this.#editing?.selection.range;
        return range ? range.bottom - range.top + 1 : 0;
    }

    get rows() {
        return this.#cache.length;
    }

    /** The newest version that rows are shown of: what the user sees. */
    get version() {
        return this.#cache.version;
    }

    /**
     * What a cell holds in a version, or in one after it; undefined when its row is not in sight.
     * @param {any} id
     * @param {string} name
     * @param {number} version
     */
    async look(id, name, version) {
        const item = () => this.#cache.get(this.#cache.find(id));
        this.#cache.invalidate();
        await this.#until(() => item()?.version >= version);
        const found = item();
        return found?.version >= version ? found.values[this.#names().indexOf(name)] : undefined;
    }

    get sort() {
        return this.#sort;
    }

    destroy() {
        clearTimeout(this.#timer);
        this.#off();
        this.#cache.stop();
        this.#editing?.destroy();
        this.#grid?.destroy();
        this.#host.remove();
    }

    #names() {
        return this.#columns.map((column) => column.name);
    }

    #make() {
        const data = {
            getLength: () => this.#cache.length,
            getItem: (row) => this.#cache.get(row) ?? { is_missing: true },
            getItemMetadata: (row) => (this.#cache.get(row) ? null : { cssClasses: 'is-loading' }),
        };
        this.#grid = new StrictGrid(this.#host, data, this.#slickColumns(), {
            rowHeight: ROW_PX,
            enableCellNavigation: true,
            enableColumnReorder: false,
            enableHtmlRendering: false,
            enableTextSelectionOnCells: false, // a drag selects a rectangle; copying takes its cells
            multiColumnSort: true,
            numberedMultiColumnSort: true,
            tristateMultiColumnSort: true,
            enableMouseWheelScrollHandler: false, // it would move a row more than the browser already does
            autoEdit: false,
            editable: false,
        });
        this.#grid.onViewportChanged.subscribe(() => this.#look());
        this.#grid.onSort.subscribe((event, { sortCols }) => this.#sorted(sortCols ?? [], event));
        this.#grid.onHeaderContextMenu.subscribe((event, { column }) => this.#openMenu(event, column));
        this.#host.addEventListener('keydown', (event) => this.#headKey(event));
        this.#editing = new GridEditing(this.#grid, this.#host, this.#source(), this.#changes, this.#note);
        this.#grid.onHeaderCellRendered.subscribe((_, { node, column }) => this.#addMenu(node, column));
        this.#grid.setColumns(this.#slickColumns()); // draws the headings, now that somebody listens
        this.#aria = new GridAria(this.#host, this.#grid);
        this.#describeToReaders();
        this.#look();
    }

    #source() {
        return {
            columns: () => this.#columns,
            item: (row) => this.#cache.get(row),
            find: (id) => this.#cache.find(id),
            length: () => this.#cache.length,
        };
    }

    #addMenu(node, column) {
        if (column.sortable) {
            const button = iconButton('more', `Menu of ${column.id}`, (event) => {
                event.stopPropagation(); // it would sort
                this.#note.menu(column.id, button);
            }, { tabindex: -1, class: 'icon-button head-menu' });
            node.append(button);
        }
    }

    #openMenu(event, column) {
        if (column?.sortable) {
            event.preventDefault();
            this.#note.menu(column.id, event.target.closest('.slick-header-column'));
        }
    }

    /** On a heading, the arrow down opens its menu. */
    #headKey(event) {
        const head = event.target.closest('.slick-header-column');
        if (head && event.key === 'ArrowDown' && head.tabIndex === 0) {
            event.preventDefault();
            event.stopPropagation();
            this.#note.menu(head.dataset.id, head);
        }
    }

    /** @param {string} column @param {'asc' | 'desc' | null} order */
    sortBy(column, order) {
        this.#grid.setSortColumns(order ? [{ columnId: column, sortAsc: order === 'asc' }] : []);
        this.#sortedBy(order ? [{ column, ...(order === 'desc' && { desc: true }) }] : []);
    }

    async #until(check) {
        const end = performance.now() + LOOK_MS;
        while (!check() && performance.now() < end) {
            const late = new Promise((resolve) => setTimeout(resolve, LOOK_MS / 4));
            await Promise.race([late, new Promise((resolve) => this.#waiting.push(() => resolve(null)))]);
        }
    }

    #redraw() {
        this.#changes.settle((id) => this.#cache.get(this.#cache.find(id))?.version ?? null);
        if (this.#grid) {
            this.#grid.invalidateAllRows();
            this.#grid.render();
        }
    }

    #slickColumns() {
        const id = { id: '#id', name: 'row', field: 'id', width: 96, sortable: false, cssClass: 'cell-id', formatter: (row, c, v, d, item) => rowNumber(row, item) };
        return [
            id,
            ...this.#columns.map((column, i) => ({
                id: column.name,
                name: headingOf(column, this.#broken.get(column.name)),
                toolTip: `${column.name} (${column.type}${column.formula ? `, the formula ${column.formula}` : ''})`,
                ...(this.#broken.has(column.name) && { toolTip: this.#broken.get(column.name), headerCssClass: 'is-broken' }),
                field: String(i),
                width: Math.max(WIDTH_PX[column.type] ?? 120, Math.min(column.name.length * 9 + 36, 320)),
                sortable: true,
                cssClass: `${isNumeric(column.type) ? 'cell-number' : ''}${column.formula ? ' cell-formula' : ''}`,
                formatter: (row, cell, value, definition, item) => this.#format(item, i, column),
            })),
        ];
    }

    #format(item, i, column) {
        if (item.is_missing) {
            return '';
        }
        const entry = this.#changes.get(item.id, column.name);
        const style = entry ? `is-${entry.state}${entry.is_beside ? ' is-beside' : ''}` : '';
        if (entry && (entry.state !== 'saved' || item.version < entry.version)) {
            return { text: entry.text === '' ? 'null' : entry.text, addClasses: entry.text === '' ? `${style} is-null` : style, toolTip: entry.reason ?? 'on its way' };
        }
        const kept = item.kept?.get(i);
        if (kept !== undefined) {
            return { text: kept, addClasses: `${style} is-exception`, toolTip: `does not fit ${column.type}: counts as null` };
        }
        const value = item.values[i];
        return value === null ? { text: 'null', addClasses: `${style} is-null` } : { text: value === '' ? '""' : formatCell(value, column.type), addClasses: style };
    }

    /** Only a part of the rows is in the document: tell how many there are. */
    #describeToReaders() {
        this.#aria?.count(this.#cache.length, this.#columns.length + 1);
    }

    /** A click sorts by that column alone; with Shift it adds one to those that sort already. */
    #sorted(sort_columns, { target, shiftKey, ctrlKey, metaKey }) {
        const clicked = target.closest('.slick-header-column').dataset.id;
        const is_adding = shiftKey || ctrlKey || metaKey;
        const kept = is_adding ? sort_columns : sort_columns.filter(({ columnId }) => columnId === clicked);
        if (kept.length < sort_columns.length) {
            this.#grid.setSortColumns(kept.map(({ columnId, sortAsc }) => ({ columnId, sortAsc })));
        }
        this.#sortedBy(kept.map(({ columnId, sortAsc }) => ({ column: String(columnId), ...(!sortAsc && { desc: true }) })));
    }

    #sortedBy(sort) {
        this.#sort = sort;
        this.#aria.showSort(this.#sort);
        this.#grid.scrollRowToTop(0);
        this.#look();
        this.#cache.invalidate();
    }

    #look() {
        const { top, bottom } = this.#grid.getViewport();
        this.#cache.look(Math.max(top, 0), Math.max(bottom, 0));
    }

    #setLength(rows) {
        if (this.#cache.length !== rows) {
            this.#cache.length = rows;
            this.#grid?.updateRowCount();
            this.#describeToReaders();
            this.#waiting.splice(0).forEach((go) => go());
        }
    }

    #arrived(first, last, page) {
        if (!this.#grid) {
            return; // it asks for its rows when it is made
        }
        this.#markBroken(page);
        this.#grid.updateRowCount();
        const { top, bottom } = this.#grid.getRenderedRange();
        const rows = [];
        for (let row = Math.max(first, top); row <= Math.min(last, bottom); row++) {
            rows.push(row);
        }
        this.#grid.invalidateRows(rows);
        this.#grid.render();
        this.#describeToReaders();
        this.#problem('');
        this.#waiting.splice(0).forEach((go) => go());
        this.#settle(page);
    }

    /** What was typed makes room for the rows that have it; a row that went elsewhere is told of. */
    #settle(page) {
        const { last } = this.#changes;
        this.#changes.settle((id) => this.#cache.get(this.#cache.find(id))?.version ?? null);
        if (last && Number(page.version) >= last.version && this.#cache.isFresh(last.row)) {
            this.#changes.last = null;
            const now = this.#cache.find(last.id);
            if (now !== last.row && Number(page.version) === last.version) {
                this.#note.moved(last.row, now);
            }
        }
    }
}

/** People count from 1, and what they see; the row's own number in the table is its id. */
function rowNumber(row, item) {
    return { text: formatCount(row + 1), ...(!item.is_missing && { toolTip: `row id ${item.id}` }) };
}

function headingOf({ name, formula }, reason) {
    return formula ? `ƒ ${name}${reason ? ` ⚠ ${reason}` : ''}` : name;
}

function typed(column) {
    return [column.name, column.type, column.formula];
}
