import { h } from './dom.js';
import { formatNumber } from './format.js';

/** @param {string} name @param {Blob} blob */
export function saveBlob(name, blob) {
    const url = URL.createObjectURL(blob);
    saveUrl(url, name);
    setTimeout(() => URL.revokeObjectURL(url), 10_000);
}

/** @param {string} url @param {string} [name] */
export function saveUrl(url, name = '') {
    const link = h('a', { href: url, download: name, hidden: true });
    document.body.append(link);
    link.click();
    link.remove();
}

/** A file name made of what a chart is called. */
export function fileName(title, ending) {
    return `${title.replace(/[^\p{L}\p{N}]+/gu, '-').replace(/^-|-$/g, '') || 'chart'}.${ending}`;
}

/**
 * A picture of a chart with its title, as wide as it stands on the page.
 * @param {any} chart
 * @param {string} title
 * @param {import('./theme.js').Theme} theme
 * @returns {Promise<Blob>}
 */
export function chartPicture(chart, title, theme) {
    const ratio = Math.max(devicePixelRatio, 1);
    const parts = chart.canvases ?? [{ canvas: chart.canvas ?? barsCanvas(chart, theme, ratio), text: '' }];
    const columns = Math.max(1, Math.min(parts.length, 3));
    const width = Math.max(...parts.map((part) => part.canvas.width), 200 * ratio);
    const line = 18 * ratio;
    const height = Math.max(...parts.map((part) => part.canvas.height)) + (parts.length > 1 ? line : 0);
    const legend = chart.legend?.() ?? [];
    const top = line * (legend.length > 0 ? 3 : 2);
    const picture = h('canvas', { width: width * columns, height: top + height * Math.ceil(parts.length / columns) });
    const ctx = picture.getContext('2d');
    ctx.fillStyle = theme.color.surface;
    ctx.fillRect(0, 0, picture.width, picture.height);
    ctx.fillStyle = theme.color.ink;
    ctx.font = `600 ${13 * ratio}px system-ui, sans-serif`;
    ctx.fillText(title, 8 * ratio, line);
    ctx.font = `${11 * ratio}px system-ui, sans-serif`;
    paintLegend(ctx, legend, theme, ratio, line * 2);
    parts.forEach((part, i) => {
        const x = (i % columns) * width;
        const y = top + Math.floor(i / columns) * height;
        ctx.fillStyle = theme.color.ink;
        if (part.text) {
            ctx.fillText(part.text, x + 8 * ratio, y + line * 0.8);
        }
        ctx.drawImage(part.canvas, x, y + (part.text ? line : 0));
    });
    return new Promise((resolve) => picture.toBlob(resolve, 'image/png'));
}

function paintLegend(ctx, legend, theme, ratio, y) {
    let x = 8 * ratio;
    for (const { text, color } of legend) {
        ctx.fillStyle = color;
        ctx.fillRect(x, y - 8 * ratio, 8 * ratio, 8 * ratio);
        ctx.fillStyle = theme.color.ink;
        ctx.fillText(text, x + 12 * ratio, y);
        x += 24 * ratio + ctx.measureText(text).width;
    }
}

/** Bars are elements on the page; in a picture they are drawn. */
function barsCanvas(chart, theme, ratio) {
    const entries = chart.entries().slice(0, 40);
    const line = 20 * ratio;
    const canvas = h('canvas', { width: 420 * ratio, height: line * Math.max(entries.length, 1) + 8 * ratio });
    const ctx = canvas.getContext('2d');
    const most = Math.max(...entries.map((entry) => entry.now), 0) || 1;
    const most_all = Math.max(...entries.map((entry) => entry.all ?? 0), 0) || 1;
    const left = 130 * ratio;
    const room = 220 * ratio;
    ctx.font = `${11 * ratio}px system-ui, sans-serif`;
    entries.forEach(({ key, now, all }, i) => {
        const y = i * line;
        ctx.fillStyle = theme.color.ghost;
        ctx.fillRect(left, y + 2 * ratio, ((all ?? 0) / most_all) * room, line - 4 * ratio);
        ctx.fillStyle = theme.color.accent;
        ctx.fillRect(left, y + 5 * ratio, (now / most) * room, line - 10 * ratio);
        ctx.fillStyle = theme.color.ink;
        ctx.fillText(String(key ?? 'empty').slice(0, 20), 8 * ratio, y + line * 0.7, left - 12 * ratio);
        ctx.fillText(formatNumber(now), left + room + 6 * ratio, y + line * 0.7);
    });
    return canvas;
}
