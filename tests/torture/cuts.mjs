// Power cuts: out of the log of all that a server wrote, the state folder as a disk may hold it when
// the power ends at some moment.  What was synced is there; of what was written since, a part, torn
// at sectors; files that were made and not synced may be missing, removed ones be back.
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';

const SECTOR = 512;
const HEAD = 17;

/** The log as a list of {op, file, offset, bytes, end}; `end`: the log's length with it. */
export function readLog(file) {
    const log = readFileSync(file);
    const records = [];
    for (let at = 0; at + HEAD <= log.length;) {
        const length = log.readUInt32LE(at + 13);
        const end = at + HEAD + length;
        if (end > log.length) {
            break; // the server was killed while it wrote this
        }
        records.push({ op: String.fromCharCode(log[at]), file: log.readUInt32LE(at + 1), offset: Number(log.readBigUInt64LE(at + 5)), bytes: log.subarray(at + HEAD, end), end });
        at = end;
    }
    return records;
}

class Content {
    constructor(bytes = Buffer.alloc(0)) { this.bytes = bytes; }

    write(offset, bytes) {
        if (offset + bytes.length > this.bytes.length) {
            const longer = Buffer.alloc(offset + bytes.length);
            this.bytes.copy(longer);
            this.bytes = longer;
        }
        bytes.copy(this.bytes, offset);
    }

    cut(length) {
        const cut = Buffer.alloc(length);
        this.bytes.copy(cut, 0, 0, length);
        this.bytes = cut;
    }

    apply({ op, offset, bytes }) {
        if (op === 'T') {
            this.cut(offset);
        } else {
            this.write(offset, bytes);
        }
    }
}

/** A disk that plays the log on from where it stands. */
export class Disk {
    paths = [];
    files = new Map(); // number -> {synced: Content, later: [records], isSure}
    removed = new Map(); // not yet for sure
    #at = 0;

    constructor(records) { this.records = records; }

    /** Up to what was written when the log was `length` long. */
    play(length) {
        for (; this.#at < this.records.length && this.records[this.#at].end <= length; this.#at++) {
            this.#do(this.records[this.#at]);
        }
    }

    #file(number) {
        if (!this.files.has(number)) {
            this.files.set(number, { synced: new Content(), later: [], isSure: false });
        }
        return this.files.get(number);
    }

    #do(record) {
        switch (record.op) {
        case 'P': this.paths[record.file] = record.bytes.toString('utf8'); return;
        case 'C': this.files.set(record.file, { synced: new Content(), later: [], isSure: false }); return;
        case 'W': case 'T': this.#file(record.file).later.push(record); return;
        case 'S': {
            const file = this.#file(record.file);
            file.later.forEach((change) => file.synced.apply(change));
            file.later = [];
            file.isSure = true;
            return;
        }
        case 'U':
            if (this.files.get(record.file)?.isSure) {
                this.removed.set(record.file, this.files.get(record.file));
            }
            this.files.delete(record.file);
            return;
        case 'R':
            this.files.set(record.offset, this.#file(record.file));
            this.files.delete(record.file);
            return;
        case 'D': this.removed.clear(); return;
        default: throw new Error(`a log has no record ${record.op}`);
        }
    }

    /** What is there after a cut now, into a folder of its own. */
    cut(folder, random) {
        rmSync(folder, { recursive: true, force: true });
        for (const name of ['', 'sessions', 'uploads', 'damaged']) {
            mkdirSync(path.join(folder, name), { mode: 0o700 });
        }
        const mood = random.below(4); // 0: nothing of what was not synced, 1: all of it, else a part
        for (const [number, file] of [...this.removed].filter(([number]) => !this.files.has(number) && random.below(2) === 0)) {
            writeFileSync(path.join(folder, this.paths[number]), file.synced.bytes, { mode: 0o600 });
        }
        for (const [number, file] of this.files) {
            if (!file.isSure && (mood === 0 || (mood > 1 && random.below(2) === 0))) {
                continue;
            }
            const content = new Content(Buffer.from(file.synced.bytes));
            file.later.forEach((change) => this.#tear(content, change, mood, random));
            writeFileSync(path.join(folder, this.paths[number]), content.bytes, { mode: 0o600 });
        }
    }

    #tear(content, change, mood, random) {
        if (mood === 0 || (mood > 1 && random.below(3) === 0)) {
            return;
        }
        if (change.op === 'T' || mood === 1 || random.below(2) === 0) {
            content.apply(change);
            return;
        }
        for (let from = 0; from < change.bytes.length; from += SECTOR) {
            if (random.below(2) === 0) {
                content.write(change.offset + from, change.bytes.subarray(from, from + SECTOR));
            }
        }
    }
}
