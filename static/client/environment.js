/** What differs between a browser and Node, and what a caller can put in its place. */

/**
 * @typedef {object} ConnectOptions
 * @property {string} [app] a name that the server tells back to whoever resumes the session
 * @property {import('./store.js').TokenStore} [store] keeps the token; default sessionStorage, else memory
 * @property {'json' | 'arrow'} [wire] how series travel; default json
 * @property {any} [arrow] the flechette module, for `wire: 'arrow'`; default: the copy in vendor/
 * @property {any} [tus] the tus-js-client module for uploads; default: in browsers the copy in vendor/, else one plain PUT
 * @property {any} [WebSocket] default: the global one
 * @property {typeof fetch} [fetch] default: the global one
 * @property {{window: number}} [flow] at most this many flushes not yet drawn
 * @property {boolean} [exclusive] push out other sockets of the session
 * @property {(run: () => void) => void} [schedule] runs a function at the next frame
 * @property {() => number} [random] for tests: the jitter of the back-off
 * @property {number} [heartbeat_ms] a silent line is asked for a sign of life this often
 */

/** Runs at the next animation frame; a hidden page has none, so a timer stands in. */
export function nextFrame(run) {
    let is_done = false;
    const once = () => {
        if (!is_done) {
            is_done = true;
            run();
        }
    };
    globalThis.requestAnimationFrame?.(once);
    setTimeout(once, globalThis.requestAnimationFrame ? 250 : 16);
}

/** The socket of the server that the page came from. */
export function defaultUrl() {
    const url = new URL('/ws', globalThis.location.href);
    url.protocol = url.protocol === 'https:' ? 'wss:' : 'ws:';
    return url;
}
