import { Upload } from './upload.js';

/** A table that never says "changed" again after its last byte is asked for its state this often. */
const CHECK_MS = 700;

/** The uploads of one session: starts them, finds unfinished ones, tells them what the server says. */
export class Uploads {
    #session;
    #options;
    /** @type {Set<Upload>} */
    #live = new Set();
    /** @type {Map<string, any>} failures told before the answer that names the upload */
    #failures = new Map();
    #checking = null;
    #storage = undefined;

    /**
     * @param {import('../spillway.js').Session} session
     * @param {any} options of connect
     */
    constructor(session, options) {
        this.#session = session;
        this.#options = options;
    }

    /** @returns {Upload} */
    begin(source, options) {
        const upload = new Upload(this.#session, this, source, { name: source.name ?? 'table.csv', ...options });
        this.#live.add(upload);
        upload.on('change', () => {
            if (['done', 'failed', 'cancelled'].includes(upload.state)) {
                this.#live.delete(upload);
            }
            this.#session.emit('upload', upload);
        });
        this.#tus().then(
            (tus) => upload.start(tus),
            (error) => upload.receiveFailure({ error }),
        );
        return upload;
    }

    async previous(file) {
        const storage = await this.#urlStorage();
        return storage ? storage.findUploadsByFingerprint(this.fingerprint(file)) : [];
    }

    async unfinished() {
        const storage = await this.#urlStorage();
        if (!storage) {
            return [];
        }
        const mine = `${this.#prefix()}::`;
        return (await storage.findAllUploads()).filter((found) => found.urlStorageKey.includes(mine));
    }

    async forget(found) {
        await (await this.#urlStorage())?.removeUpload(found.urlStorageKey);
    }

    /** Bound to the session: another one may not write to this upload. */
    fingerprint(file) {
        return [this.#prefix(), file.name, file.size, file.lastModified].join('::');
    }

    progress(params) {
        for (const upload of this.#live) {
            if (upload.id === params.upload || (upload.id === null && upload.table === params.table)) {
                upload.receiveProgress(params);
            }
        }
    }

    failed(params) {
        const upload = [...this.#live].find(({ id }) => id === params.upload);
        if (upload) {
            upload.receiveFailure(params);
        } else {
            this.#failures.set(params.upload, params);
        }
    }

    /** @param {any} params of `table.changed` with what: "upload": all rows of an upload are in its table */
    landed(params) {
        for (const upload of this.#live) {
            if (upload.table === params.table) {
                upload.receiveEnd(params);
            }
        }
    }

    /** @param {Upload} upload whose last byte has been sent */
    sent(upload) {
        const failure = this.#failures.get(upload.id);
        this.#failures.delete(upload.id);
        if (failure) {
            upload.receiveFailure(failure);
            return;
        }
        upload.checkReady();
        this.#checking ??= setInterval(() => this.check(), CHECK_MS);
        this.#checking.unref?.();
    }

    /** @param {string} [table] only uploads into this one */
    check(table) {
        let is_waiting = false;
        for (const upload of this.#live) {
            is_waiting ||= upload.state === 'parsing';
            if (table === undefined || upload.table === table) {
                upload.checkReady();
            }
        }
        if (!is_waiting) {
            clearInterval(this.#checking);
            this.#checking = null;
        }
    }

    #prefix() {
        return `spillway-${this.#session.name}`;
    }

    async #tus() {
        if (this.#options.tus !== undefined) {
            return this.#options.tus;
        }
        return globalThis.window ? await import('../vendor/tus.js') : null;
    }

    async #urlStorage() {
        if (this.#storage === undefined) {
            const tus = await this.#tus();
            this.#storage = tus?.canStoreURLs ? tus.defaultOptions.urlStorage : null;
        }
        return this.#storage;
    }
}
