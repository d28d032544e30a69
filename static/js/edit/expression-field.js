import { Emitter } from '../../client/emitter.js';
import { fill, h, say, setAria } from '../dom.js';
import { sentence } from './changes.js';

const REST_MS = 200;
const EXCERPT = 60;
const COLUMNS_MAX = 60;
const FUNCTIONS = 'round abs coalesce iif nullif min max lower upper trim substr replace length date_trunc date_part'.split(' ');
let count = 0;

/**
 * Where an expression is typed: asked for its first values while one types, with the place of an error
 * shown under the text.
 * Event: `answer` {result, error} of the newest text; both null while it is on its way.
 */
export class ExpressionField extends Emitter {
    #ask;
    #area;
    #spot;
    #problem;
    #timer = null;
    #under_way = null;
    is_good = false;

    /**
     * @param {string} label
     * @param {string[]} columns to offer
     * @param {(expr: string, signal: AbortSignal) => Promise<any>} ask
     * @param {{text?: string, hint?: string}} [options]
     */
    constructor(label, columns, ask, { text = '', hint = '' } = {}) {
        super();
        this.#ask = ask;
        const id = `expression-${++count}`;
        this.#area = h('textarea', { id, rows: 2, spellcheck: 'false', autocomplete: 'off', autocapitalize: 'off', placeholder: hint, aria: { describedby: `${id}-problem` } });
        this.#area.value = text;
        this.#area.addEventListener('input', () => this.check());
        this.#spot = h('pre', { class: 'expression-spot', hidden: true, aria: { hidden: true } });
        this.#problem = h('p', { class: 'expression-problem', id: `${id}-problem`, aria: { live: 'polite' } });
        this.element = h('div', { class: 'expression' }, h('label', { for: id, text: label }), this.#area, this.#spot, this.#problem, this.#help(columns));
    }

    get value() {
        return this.#area.value.trim();
    }

    focus() {
        this.#area.focus();
    }

    /** Something that the answer depends on has changed. */
    check() {
        clearTimeout(this.#timer);
        this.#under_way?.abort();
        this.is_good = false;
        this.emit('answer', { result: null, error: null });
        this.#timer = setTimeout(() => this.#send(), REST_MS);
    }

    stop() {
        clearTimeout(this.#timer);
        this.#under_way?.abort();
    }

    async #send() {
        const text = this.value;
        if (text === '') {
            this.#show(null);
            return;
        }
        const controller = new AbortController();
        this.#under_way = controller;
        try {
            const result = await this.#ask(text, controller.signal);
            if (!controller.signal.aborted) {
                this.is_good = true;
                this.#show(null);
                this.emit('answer', { result, error: null });
            }
        } catch (error) {
            if (!controller.signal.aborted) {
                this.#show(error);
                this.emit('answer', { result: null, error });
            }
        }
    }

    #show(error) {
        const at = error?.data?.position !== undefined ? charAt(this.#area.value.trimStart(), Number(error.data.position)) : null;
        setAria(this.#area, { invalid: error ? true : null });
        say(this.#problem, error ? `${sentence(error.message)}${at === null ? '' : ` (character ${at + 1})`}` : '');
        this.#spot.hidden = at === null;
        if (at !== null) {
            const { line, column } = lineAt(this.#area.value.trimStart(), at);
            const from = Math.max(0, column - EXCERPT / 2);
            say(this.#spot, `${line.slice(from, from + EXCERPT)}\n${' '.repeat(column - from)}^`);
        }
    }

    #help(columns) {
        const chip = (text, inserted) => h('button', { type: 'button', class: 'word', text, on: { click: () => this.#insert(inserted) } });
        const names = columns.slice(0, COLUMNS_MAX).map((name) => chip(name, quoteName(name)));
        const functions = FUNCTIONS.map((name) => chip(`${name}()`, `${name}(`));
        const help = h('details', { class: 'words' }, h('summary', { text: 'Columns and functions' }));
        help.append(h('div', { class: 'word-list' }, ...names), h('div', { class: 'word-list' }, ...functions));
        return help;
    }

    #insert(text) {
        const { selectionStart, selectionEnd } = this.#area;
        this.#area.setRangeText(text, selectionStart, selectionEnd, 'end');
        this.#area.focus();
        this.check();
        fill(this.#spot);
    }
}

/** A column's name as expressions take it. */
export function quoteName(name) {
    return `"${name.replaceAll('"', '""')}"`;
}

/** The place in characters of a place in bytes. */
export function charAt(text, byte) {
    const bytes = new TextEncoder().encode(text);
    return new TextDecoder().decode(bytes.subarray(0, byte)).length;
}

function lineAt(text, at) {
    const start = text.lastIndexOf('\n', at - 1) + 1;
    const end = text.indexOf('\n', at);
    return { line: text.slice(start, end < 0 ? text.length : end).replaceAll('\t', ' '), column: at - start };
}
