/**
 * The rectangle of cells that is selected: from the anchor to the active cell. Rows are any number, so
 * only those in the document are ever marked.
 */
export class Selection {
    #grid;
    #anchor = null;
    #changed;
    /** Whether the mouse draws it right now. */
    is_dragged = false;
    #is_extending = false;

    /**
     * @param {any} grid a SlickGrid; its cell 0 is the row's number
     * @param {() => void} changed
     */
    constructor(grid, changed) {
        this.#grid = grid;
        this.#changed = changed;
        grid.onActiveCellChanged.subscribe(() => this.#anchorIfLone());
        grid.onRendered.subscribe(() => this.#mark());
    }

    /** @returns {{top: number, bottom: number, left: number, right: number, is_rows: boolean} | null} cells counted without the row's number */
    get range() {
        const active = this.#grid.getActiveCell();
        if (!active) {
            return null;
        }
        const anchor = this.#anchor ?? active;
        const last = this.#grid.getColumns().length - 2;
        const is_rows = active.cell === 0 || anchor.cell === 0;
        return {
            top: Math.min(anchor.row, active.row),
            bottom: Math.max(anchor.row, active.row),
            left: is_rows ? 0 : Math.min(anchor.cell, active.cell) - 1,
            right: is_rows ? last : Math.max(anchor.cell, active.cell) - 1,
            is_rows,
        };
    }

    get isLone() {
        const range = this.range;
        return range !== null && range.top === range.bottom && range.left === range.right;
    }

    /** The active cell moves, the anchor stays. */
    extendTo(row, cell) {
        const { rows, cells } = { rows: this.#grid.getDataLength(), cells: this.#grid.getColumns().length };
        this.#anchor ??= this.#grid.getActiveCell();
        this.#is_extending = true;
        this.#grid.setActiveCell(Math.min(Math.max(row, 0), rows - 1), Math.min(Math.max(cell, 0), cells - 1));
        this.#is_extending = false;
        this.#mark();
        this.#changed();
    }

    /** All cells of the rows that are selected. */
    toRows() {
        const range = this.range;
        if (range) {
            const { row, cell } = this.#grid.getActiveCell();
            this.#anchor = { row: row === range.top ? range.bottom : range.top, cell: 0 };
            this.extendTo(row, cell);
        }
    }

    collapse() {
        this.#anchor = this.#grid.getActiveCell();
        this.#mark();
        this.#changed();
    }

    #anchorIfLone() {
        if (!this.#is_extending) {
            this.collapse();
        }
    }

    #mark() {
        const range = this.range;
        const marks = {};
        if (range && (range.is_rows || !this.isLone)) {
            const columns = this.#grid.getColumns();
            const names = columns.slice(range.left + 1, range.right + 2).map(({ id }) => id);
            const shown = this.#grid.getRenderedRange();
            for (let row = Math.max(range.top, shown.top); row <= Math.min(range.bottom, shown.bottom); row++) {
                marks[row] = Object.fromEntries(names.map((name) => [name, 'is-selected']));
            }
        }
        this.#grid.setCellCssStyles('selection', marks);
    }
}
