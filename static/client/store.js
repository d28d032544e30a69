/**
 * Where a session's token is kept between page loads. Anything with `get`, `set` and `delete`
 * will do: `sessionStorage` by default in a browser (one session per tab), memory elsewhere.
 * @typedef {{get(): string | null, set(token: string): void, delete(): void}} TokenStore
 */

/**
 * @param {Storage} storage
 * @param {string} [key]
 * @returns {TokenStore}
 */
export function storageStore(storage, key = 'spillway.token') {
    return {
        get: () => storage.getItem(key),
        set: (token) => storage.setItem(key, token),
        delete: () => storage.removeItem(key),
    };
}

/**
 * @param {string | null} [token]
 * @returns {TokenStore}
 */
export function memoryStore(token = null) {
    return {
        get: () => token,
        set: (value) => {
            token = value;
        },
        delete: () => {
            token = null;
        },
    };
}

/** @returns {TokenStore} */
export function defaultStore() {
    try {
        if (globalThis.sessionStorage) {
            return storageStore(globalThis.sessionStorage);
        }
    } catch {
        // Storage is forbidden here (a sandboxed frame): the session then lives as long as the page.
    }
    return memoryStore();
}
