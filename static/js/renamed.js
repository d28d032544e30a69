/**
 * Which columns were renamed between two descriptions: those that have another name at the same place,
 * where no name came or went besides.
 * @param {{name: string}[]} before
 * @param {{name: string}[]} after
 * @returns {Map<string, string>} old name: new name
 */
export function renamedColumns(before, after) {
    const names = { before: new Set(before.map(({ name }) => name)), after: new Set(after.map(({ name }) => name)) };
    const pairs = before.map(({ name }, i) => [name, after[i]?.name]).filter(([from, to]) => from !== to);
    const is_rename = before.length === after.length && pairs.every(([from, to]) => !names.after.has(from) && !names.before.has(to));
    return new Map(is_rename ? /** @type {[string, string][]} */ (pairs) : []);
}
