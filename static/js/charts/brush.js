import { h, setAria } from '../dom.js';

const KEYS = { ArrowLeft: -1, ArrowDown: -1, ArrowRight: 1, ArrowUp: 1 };
const DRAG_MIN_PX = 3;

/**
 * A range on one or two axes of a plot, by pointer and by keyboard.
 *
 * It is made of elements over the canvas: moving it repaints nothing. Each end is a slider in the
 * sense of ARIA; without a filter the ends stand at the ends of the axis.
 */
export class Brush {
    #u = null;
    #options;
    #over;
    #box;
    /** @type {{axis: string, end: 0 | 1, element: HTMLElement}[]} */
    #handles = [];
    /** @type {Record<string, [number, number] | null>} */
    #value = {};
    #drag = null;

    /**
     * @param {object} options
     * @param {string[]} options.axes 'x' or 'x' and 'y'
     * @param {(axis: string) => string} options.name what the axis is called
     * @param {(axis: string) => [number, number]} options.limits the whole axis
     * @param {(axis: string) => number} options.step one press of an arrow key
     * @param {(axis: string, value: number) => string} options.word a value as text
     * @param {(value: Record<string, [number, number] | null>) => void} options.changed
     * @param {() => void} options.taken it may be about to move
     */
    constructor(options) {
        this.#options = options;
        options.axes.forEach((axis) => {
            this.#value[axis] = null;
        });
        this.#box = h('div', { class: 'brush-box', hidden: true });
        this.#over = h('div', { class: 'brush', data: { axes: options.axes.join('') } }, h('div', { class: 'brush-clip' }, this.#box));
        for (const axis of options.axes) {
            for (const end of [0, 1]) {
                this.#addHandle(axis, end);
            }
        }
        this.#over.addEventListener('pointerdown', (event) => this.#down(event));
        this.#over.addEventListener('pointermove', (event) => this.#move(event));
        this.#over.addEventListener('pointerup', () => this.#up());
        this.#over.addEventListener('pointercancel', () => this.#abandon());
        this.#over.addEventListener('focusin', () => this.#options.taken());
        this.#over.addEventListener('dblclick', () => this.#set(this.#nothing()));
        this.#over.addEventListener('keydown', (event) => this.#key(event));
    }

    /** @param {any} u the plot to lie over, after each change of its size or scales */
    place(u) {
        if (this.#u !== u) {
            this.#u = u;
            u.over.append(this.#over);
        }
        this.#show();
    }

    /** @param {Record<string, [number, number] | null>} value set from outside: nobody is told */
    show(value) {
        if (!this.#drag) {
            Object.assign(this.#value, value);
            this.#show();
        }
    }

    #addHandle(axis, end) {
        const { name } = this.#options;
        const element = h('div', {
            class: 'brush-handle',
            role: 'slider',
            tabindex: 0,
            data: { axis, end },
            aria: {
                label: `${name(axis)}, ${end === 0 ? 'from' : 'to'}`,
                orientation: axis === 'x' ? 'horizontal' : 'vertical',
            },
        });
        this.#handles.push({ axis, end: /** @type {0 | 1} */ (end), element });
        this.#over.append(element);
    }

    #nothing() {
        return Object.fromEntries(this.#options.axes.map((axis) => [axis, null]));
    }

    #show() {
        const u = this.#u;
        if (!u) {
            return;
        }
        const is_on = this.#options.axes.some((axis) => this.#value[axis] !== null);
        const [left, right] = this.#pixels('x');
        const [bottom, top] = this.#options.axes.includes('y') ? this.#pixels('y') : [u.over.clientHeight, 0];
        this.#box.hidden = !is_on;
        this.#over.classList.toggle('is-on', is_on);
        Object.assign(this.#box.style, {
            left: `${left}px`,
            width: `${Math.max(right - left, 1)}px`,
            top: `${top}px`,
            height: `${Math.max(bottom - top, 1)}px`,
        });
        for (const { axis, end, element } of this.#handles) {
            const limits = this.#options.limits(axis);
            const value = (this.#value[axis] ?? limits)[end];
            setAria(element, {
                valuemin: limits[0],
                valuemax: limits[1],
                valuenow: value,
                valuetext: this.#options.word(axis, value),
            });
            Object.assign(
                element.style,
                axis === 'x'
                    ? { left: `${end === 0 ? left : right}px`, top: `${top}px`, height: `${bottom - top}px` }
                    : { top: `${end === 0 ? bottom : top}px`, left: `${left}px`, width: `${right - left}px` },
            );
        }
    }

    /** Where the ends of an axis' range stand, in CSS pixels, low end first. */
    #pixels(axis) {
        const limits = this.#options.limits(axis);
        const size = axis === 'x' ? this.#u.over.clientWidth : this.#u.over.clientHeight;
        return (this.#value[axis] ?? limits).map((value) => Math.min(Math.max(this.#u.valToPos(value, axis), 0), size));
    }

    #at(event, axis) {
        const area = this.#over.getBoundingClientRect();
        const pixel = axis === 'x' ? event.clientX - area.left : event.clientY - area.top;
        const [low, high] = this.#options.limits(axis);
        return Math.min(Math.max(this.#u.posToVal(pixel, axis), low), high);
    }

    #down(event) {
        if (event.button !== 0 || !this.#u) {
            return;
        }
        const part = /** @type {HTMLElement} */ (event.target);
        const at = Object.fromEntries(this.#options.axes.map((axis) => [axis, this.#at(event, axis)]));
        const mode = part.classList.contains('brush-handle') ? 'end' : part === this.#box ? 'move' : 'new';
        this.#drag = { mode, at, part, before: { ...this.#value }, x: event.clientX, y: event.clientY, is_moving: false };
        this.#over.setPointerCapture(event.pointerId);
        this.#options.taken();
        if (mode !== 'end') {
            this.#handles[0].element.focus({ preventScroll: true });
        }
        event.preventDefault();
    }

    #move(event) {
        const drag = this.#drag;
        if (!drag) {
            return;
        }
        drag.is_moving ||= Math.hypot(event.clientX - drag.x, event.clientY - drag.y) >= DRAG_MIN_PX;
        if (!drag.is_moving) {
            return;
        }
        const next = { ...this.#value };
        if (drag.mode === 'end') {
            const { axis, end } = drag.part.dataset;
            next[axis] = this.#withEnd(drag.before[axis], axis, Number(end), this.#at(event, axis));
        } else {
            for (const axis of this.#options.axes) {
                const now = this.#at(event, axis);
                next[axis] = drag.mode === 'new' ? [Math.min(drag.at[axis], now), Math.max(drag.at[axis], now)] : this.#shifted(axis, now);
            }
        }
        this.#set(next);
    }

    #up() {
        const drag = this.#drag;
        this.#drag = null;
        if (drag && !drag.is_moving && drag.mode === 'new') {
            this.#set(this.#nothing());
        }
    }

    #abandon() {
        const drag = this.#drag;
        this.#drag = null;
        if (drag) {
            this.#set(drag.before);
        }
    }

    /**
     * The range as it was at the start of the drag, moved along and kept on the axis.
     * @returns {[number, number] | null}
     */
    #shifted(axis, now) {
        const before = this.#drag.before[axis];
        if (!before) {
            return null;
        }
        const limits = this.#options.limits(axis);
        const by = Math.min(Math.max(now - this.#drag.at[axis], limits[0] - before[0]), limits[1] - before[1]);
        return [before[0] + by, before[1] + by];
    }

    /** @returns {[number, number]} */
    #withEnd(range, axis, end, value) {
        const next = /** @type {[number, number]} */ ([...(range ?? this.#options.limits(axis))]);
        next[end] = value;
        return next[0] <= next[1] ? next : [next[1], next[0]];
    }

    #key(event) {
        if (event.key === 'Escape') {
            if (this.#drag) {
                this.#abandon();
            } else {
                this.#set(this.#nothing());
            }
            event.preventDefault();
            return;
        }
        const handle = this.#handles.find(({ element }) => element === event.target);
        const target = handle && this.#keyTarget(event, handle);
        if (target === undefined || target === null) {
            return;
        }
        event.preventDefault();
        const { axis, end } = handle;
        const range = [...(this.#value[axis] ?? this.#options.limits(axis))];
        // An end stops at the other one instead of passing it: the focus stays on what it says.
        range[end] = end === 0 ? Math.min(target, range[1]) : Math.max(target, range[0]);
        this.#set({ ...this.#value, [axis]: range });
    }

    #keyTarget(event, { axis, end }) {
        const [low, high] = this.#options.limits(axis);
        const value = (this.#value[axis] ?? [low, high])[end];
        const step = this.#options.step(axis);
        if (event.key in KEYS) {
            return Math.min(Math.max(value + KEYS[event.key] * step * (event.shiftKey ? 10 : 1), low), high);
        }
        return { Home: low, End: high, PageUp: Math.min(value + step * 10, high), PageDown: Math.max(value - step * 10, low) }[event.key];
    }

    #set(next) {
        for (const axis of this.#options.axes) {
            const [low, high] = this.#options.limits(axis);
            const range = next[axis];
            this.#value[axis] = range && (range[0] > low || range[1] < high) ? range : null;
        }
        this.#show();
        this.#options.changed({ ...this.#value });
    }
}
