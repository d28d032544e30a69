import { CellEditor } from './cell-editor.js';
import { Clipboard } from './clipboard.js';
import { Selection } from './selection.js';
import { cellText } from './values.js';

const STEP = { up: [-1, 0], down: [1, 0], left: [0, -1], right: [0, 1] };
const ARROWS = { ArrowUp: 'up', ArrowDown: 'down', ArrowLeft: 'left', ArrowRight: 'right' };

/**
 * Editing in the grid: which key does what, from the active cell to a change of the table.
 *
 * Enter and F2 open a cell, so does typing; Delete makes null; Space turns a bool over; Shift with
 * arrows or a click selects a rectangle, Shift+Space whole rows. Tab leaves the grid, as in any page,
 * but moves from cell to cell once something was typed, until an arrow key or Escape.
 */
export class GridEditing {
    #grid;
    #host;
    #source;
    #changes;
    #note;
    #editor;
    #is_entering = false;
    #dragging = null;

    /**
     * @param {any} grid a SlickGrid
     * @param {HTMLElement} host
     * @param {{columns: () => any[], item: (row: number) => any, find: (id: any) => number, length: () => number}} source
     * @param {import('./changes.js').Changes} changes
     * @param {{say: (text: string, options?: any) => void, selected: () => void, isLocked: () => boolean}} note `isLocked` says why, too
     */
    constructor(grid, host, source, changes, note) {
        this.#grid = grid;
        this.#host = host;
        this.#source = source;
        this.#changes = changes;
        this.#note = note;
        this.#editor = new CellEditor({ taken: (...all) => this.#taken(...all), left: () => this.#grid.focus() });
        this.selection = new Selection(grid, () => note.selected());
        this.clipboard = new Clipboard(host, this.selection, source, changes, note, () => this.#editor.cell !== null);
        host.addEventListener('keydown', (event) => this.#key(event), { capture: true });
        host.addEventListener('mousedown', (event) => this.#press(event), { capture: true });
        host.addEventListener('mouseover', (event) => this.#drag(event));
        grid.onClick.subscribe((event, { row, cell }) => this.#click(event, row, cell));
        grid.onDblClick.subscribe((_, { row, cell }) => this.#open(row, cell));
        grid.onRendered.subscribe(() => this.#follow());
    }

    destroy() {
        this.#editor.close();
        this.clipboard.destroy();
    }

    /** Opens the cell of a row that is in sight. */
    edit(row, cell) {
        this.#grid.setActiveCell(row, cell);
        this.#open(row, cell);
    }

    /** The rows that are selected: their ids, or why there are none. */
    selectedRows() {
        const range = this.selection.range;
        if (!range) {
            return { problem: 'Select a row first: click its number.' };
        }
        const rows = [];
        for (let row = range.top; row <= range.bottom && rows.length < 100_000; row++) {
            const item = this.#source.item(row);
            if (!item) {
                return { problem: 'Some of these rows were not fetched yet. “Edit filtered rows” changes or deletes any number of rows.' };
            }
            rows.push(item.id);
        }
        return { rows };
    }

    #key(event) {
        if (this.#editor.cell || event.target.closest('.slick-header') || event.isComposing) {
            return;
        }
        const active = this.#grid.getActiveCell();
        if (active && this.#act(event, active)) {
            event.preventDefault();
            event.stopImmediatePropagation();
        }
    }

    /** @returns {boolean} whether the key meant something here */
    #act(event, { row, cell }) {
        const { key, shiftKey, ctrlKey, metaKey, altKey } = event;
        const is_plain = !ctrlKey && !metaKey && !altKey;
        if (ARROWS[key]) {
            this.#is_entering = false;
            return shiftKey && is_plain && this.#extend(ARROWS[key]);
        }
        if (key === 'Tab') {
            return this.#is_entering && this.#move(shiftKey ? 'left' : 'right');
        }
        if (key === 'Escape') {
            return this.#escape(row, cell);
        }
        if (key === ' ' && shiftKey && is_plain) {
            this.selection.toRows();
            return true;
        }
        if (!is_plain) {
            return false;
        }
        if (key === 'Delete' || key === 'Backspace') {
            return this.#clear();
        }
        if (key === ' ' && this.#column(cell)?.type === 'bool') {
            return this.#toggle(row, cell);
        }
        if (key === 'Enter' || key === 'F2') {
            return this.#open(row, cell);
        }
        return [...key].length === 1 && this.#open(row, cell, key);
    }

    #extend(direction) {
        const { row, cell } = this.#grid.getActiveCell();
        const [down, right] = STEP[direction];
        this.selection.extendTo(row + down, cell + right);
        return true;
    }

    #move(direction) {
        const { row, cell } = this.#grid.getActiveCell();
        const [down, right] = STEP[direction];
        const next = { row: row + down, cell: cell + right };
        if (next.cell < 1 || next.cell >= this.#grid.getColumns().length) {
            next.cell = next.cell < 1 ? this.#grid.getColumns().length - 1 : 1;
            next.row += right;
        }
        if (next.row < 0 || next.row >= this.#source.length()) {
            return false;
        }
        this.#grid.setActiveCell(next.row, next.cell);
        this.#grid.focus();
        return true;
    }

    #escape(row, cell) {
        this.#is_entering = false;
        const entry = this.#entry(row, cell);
        if (entry?.state === 'refused') {
            this.#changes.discard(entry);
            return true;
        }
        this.selection.collapse();
        return false;
    }

    /** @returns {boolean} */
    #open(row, cell, typed = null) {
        const column = this.#column(cell);
        const item = this.#source.item(row);
        if (!column || !item) {
            return false;
        }
        if (this.#note.isLocked()) {
            return true;
        }
        if (column.formula !== undefined && column.formula !== null) {
            this.#note.say(`${column.name} is a formula: ${column.formula}. Change the formula, or freeze it to values, in the menu of the column.`);
            return true;
        }
        const entry = this.#entry(row, cell);
        const is_refused = entry?.state === 'refused';
        const now = item.values[cell - 1];
        const text = entry ? entry.text : item.kept?.get(cell - 1) ?? cellText(now, column.type);
        this.#grid.scrollCellIntoView(row, cell, false);
        const about = { ...column, row, cell, id: item.id, was: is_refused ? entry.was : entry ? entry.value : now, seen: item.version, is_refused };
        const begin = typed === null || column.type === 'bool' ? { text } : { text: typed, is_typing: true };
        this.#editor.open(this.#canvas(), about, this.#grid.getCellNodeBox(row, cell), { ...begin, reason: is_refused ? entry.reason : '' });
        return true;
    }

    /** What came out of the field; null: it was left as it was. */
    #taken(cell, typed, move) {
        if (typed?.problem) {
            const refused = { ...this.#cellOf(cell), text: typed.text, value: null };
            this.#changes.refuse([refused], typed.problem);
            this.#changes.emit('failed', { text: typed.problem, cell: refused, cells: 1 });
        } else if (typed) {
            this.#changes.setCells([{ ...this.#cellOf(cell), ...typed }]);
        }
        if (move) {
            this.#is_entering = true;
            this.#grid.focus();
            this.#move(move);
        }
    }

    #clear() {
        const cells = this.#note.isLocked() ? null : this.clipboard.selectedCells();
        if (cells) {
            const changed = cells.filter(({ was }) => was !== null);
            if (changed.length > 0) {
                this.#changes.setCells(changed.map((cell) => ({ ...cell, text: '', value: null })));
            }
        }
        return true;
    }

    #toggle(row, cell) {
        const item = this.#source.item(row);
        const column = this.#column(cell);
        if (!item || column.formula || this.#note.isLocked()) {
            return this.#open(row, cell);
        }
        const entry = this.#entry(row, cell);
        const was = entry && entry.state !== 'refused' ? entry.value : item.values[cell - 1];
        const value = was !== true;
        this.#changes.setCells([{ id: item.id, column: column.name, text: String(value), value, was, seen: item.version }]);
        return true;
    }

    #press(event) {
        const at = event.button === 0 && !event.target.closest('.cell-editor') ? this.#grid.getCellFromEvent(event) : null;
        this.#dragging = at && !event.shiftKey ? at : null;
        this.selection.is_dragged = false;
        if (at) {
            event.preventDefault(); // rectangles are selected, not text
            if (this.#editor.cell) {
                this.#editor.commit();
            }
        }
    }

    #drag(event) {
        if (!this.#dragging || (event.buttons & 1) === 0) {
            this.#dragging = null;
            return;
        }
        const at = this.#grid.getCellFromEvent(event);
        if (at && (at.row !== this.#dragging.row || at.cell !== this.#dragging.cell)) {
            if (!this.selection.is_dragged) {
                this.#grid.setActiveCell(this.#dragging.row, this.#dragging.cell);
                this.selection.collapse();
            }
            this.#dragging = at;
            this.selection.is_dragged = true;
            this.selection.extendTo(at.row, at.cell);
        }
    }

    /** A second touch on the same cell opens it: there is no key to press. */
    #click(event, row, cell) {
        const active = this.#grid.getActiveCell();
        const native = event.getNativeEvent?.() ?? event;
        this.#is_entering = false;
        if (this.selection.is_dragged) {
            this.selection.is_dragged = false;
            event.stopImmediatePropagation();
        } else if (native.shiftKey && active) {
            this.selection.extendTo(row, cell);
            event.stopImmediatePropagation();
        } else if (native.pointerType === 'touch' && active?.row === row && active.cell === cell) {
            this.#open(row, cell);
        }
    }

    /** The row under the field may have moved, or scrolled to another place. */
    #follow() {
        const cell = this.#editor.cell;
        if (cell) {
            const row = this.#source.find(cell.id);
            const box = this.#grid.getCellNodeBox(row >= 0 ? row : cell.row, cell.cell);
            if (box) {
                this.#editor.place(box, this.#canvas().parentElement.clientWidth);
            }
        }
    }

    #cellOf({ id, name, was, seen, row }) {
        return { id, column: name, was, seen, row };
    }

    #entry(row, cell) {
        return this.#changes.get(this.#source.item(row)?.id, this.#column(cell)?.name);
    }

    #column(cell) {
        return this.#source.columns()[cell - 1];
    }

    #canvas() {
        return this.#host.querySelector('.grid-canvas-left.grid-canvas-top');
    }
}
