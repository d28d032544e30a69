import { Emitter } from '../client/emitter.js';

const KEY = 'spillway.theme';
const TOKENS = ['ink', 'muted', 'line', 'surface', 'accent', 'accent-soft', 'ghost', 'bad'];
const SERIES = ['series-1', 'series-2', 'series-3', 'series-4', 'series-5', 'series-6', 'series-7', 'series-8'];
const RAMP = ['ramp-0', 'ramp-1', 'ramp-2', 'ramp-3', 'ramp-4'];

/**
 * Light and dark. The colours stand in css/tokens.css; canvases get them from here, resolved.
 * Event: `change`.
 */
export class Theme extends Emitter {
    #probe;
    /** @type {Record<string, string>} */
    color = {};
    /** @type {string[]} */
    series = [];
    /** @type {Uint8ClampedArray} 256 RGBA entries from little to much */
    ramp = new Uint8ClampedArray(1024);

    constructor() {
        super();
        this.#probe = document.createElement('span');
        this.#probe.hidden = true;
        document.body.append(this.#probe);
        const chosen = localStorage.getItem(KEY);
        if (chosen) {
            document.documentElement.dataset.theme = chosen;
        }
        this.#read();
        for (const query of ['(prefers-color-scheme: dark)', '(forced-colors: active)']) {
            matchMedia(query).addEventListener('change', () => this.#changed());
        }
    }

    get isDark() {
        const chosen = document.documentElement.dataset.theme;
        return chosen ? chosen === 'dark' : matchMedia('(prefers-color-scheme: dark)').matches;
    }

    toggle() {
        const next = this.isDark ? 'light' : 'dark';
        document.documentElement.dataset.theme = next;
        localStorage.setItem(KEY, next);
        this.#changed();
    }

    #changed() {
        this.#read();
        this.emit('change');
    }

    #read() {
        this.color = Object.fromEntries(TOKENS.map((name) => [name, this.#resolve(name)]));
        this.series = SERIES.map((name) => this.#resolve(name));
        const stops = RAMP.map((name) => channels(this.#resolve(name)));
        for (let i = 0; i < 256; i++) {
            const at = (i / 255) * (stops.length - 1);
            const low = Math.min(Math.floor(at), stops.length - 2);
            for (let c = 0; c < 3; c++) {
                this.ramp[i * 4 + c] = stops[low][c] + (stops[low + 1][c] - stops[low][c]) * (at - low);
            }
            this.ramp[i * 4 + 3] = 255;
        }
    }

    /** @param {string} name */
    #resolve(name) {
        this.#probe.style.color = `var(--${name})`;
        return getComputedStyle(this.#probe).color;
    }
}

/** @param {string} color rgb(r, g, b) as computed styles give it */
export function channels(color) {
    const parts = color.match(/[\d.]+/g).map(Number);
    return color.startsWith('color(') ? parts.slice(-3).map((part) => part * 255) : parts.slice(0, 3);
}
