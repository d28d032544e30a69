import { h, icon } from '../dom.js';
import { counted } from '../format.js';

/** The buttons over the grid that change the table. */
export class Toolbar {
    #buttons;

    /** @param {Record<'undo' | 'redo' | 'addRow' | 'deleteRows' | 'editRows' | 'addColumn' | 'newTable', () => void>} acts */
    constructor(acts) {
        const button = (name, sign, text, title = null) =>
            h('button', { type: 'button', title, data: { act: name }, on: { click: () => acts[name]() } }, icon(sign), h('span', { text }));
        this.#buttons = {
            undo: button('undo', 'undo', 'Undo', 'Ctrl+Z'),
            redo: button('redo', 'redo', 'Redo', 'Ctrl+Shift+Z'),
            addRow: button('addRow', 'plus', 'Add row', 'A row of nulls at the end'),
            deleteRows: button('deleteRows', 'trash', 'Delete rows', 'Those that are selected'),
            editRows: button('editRows', 'edit', 'Edit filtered rows', 'All rows that pass the filters'),
            addColumn: button('addColumn', 'plus', 'Add column'),
            newTable: button('newTable', 'table', 'New table from this'),
        };
        this.element = h('div', { class: 'edit-bar', role: 'group', aria: { label: 'Edit' } }, ...Object.values(this.#buttons));
    }

    /** @param {{undo: boolean, redo: boolean}} can */
    showHistory(can) {
        this.#buttons.undo.disabled = !can.undo;
        this.#buttons.redo.disabled = !can.redo;
    }

    /** @param {number} rows selected */
    showSelected(rows) {
        this.#buttons.deleteRows.disabled = rows === 0;
        this.#buttons.deleteRows.lastChild.textContent = rows > 1 ? `Delete ${counted(rows, 'row')}` : 'Delete row';
    }

    /** @param {string} reason why nothing of this table can be changed; '' when it can */
    lock(reason) {
        for (const name of ['addRow', 'deleteRows', 'editRows', 'addColumn']) {
            this.#buttons[name].disabled = reason !== '';
            this.#buttons[name].title = reason;
        }
    }
}
