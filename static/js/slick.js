import { SlickGrid } from '../vendor/slickgrid.js';

/**
 * SlickGrid for a page with a strict Content-Security-Policy: its rules for column places go into
 * a constructed style sheet instead of a <style> element, and nothing is ever set as HTML.
 */
export class StrictGrid extends SlickGrid {
    createCssRules() {
        const { rowHeight, topPanelHeight, preHeaderPanelHeight, topHeaderPanelHeight, headerRowHeight, footerRowHeight } = this._options;
        const rules = [
            `.slick-header-column { ${this.dirSide}: 1000px; }`,
            `.slick-top-panel { height: ${topPanelHeight}px; }`,
            `.slick-preheader-panel { height: ${preHeaderPanelHeight}px; }`,
            `.slick-topheader-panel { height: ${topHeaderPanelHeight}px; }`,
            `.slick-headerrow-columns { height: ${headerRowHeight}px; }`,
            `.slick-footerrow-columns { height: ${footerRowHeight}px; }`,
            `.slick-cell { height: ${rowHeight - this.cellHeightDiff}px; }`,
            `.slick-row { height: ${rowHeight}px; }`,
        ];
        const sheet = new CSSStyleSheet();
        rules.forEach((rule) => sheet.insertRule(`.${this.uid} ${rule}`));
        const place = (selector) => sheet.cssRules[sheet.insertRule(`.${this.uid} ${selector} { }`, sheet.cssRules.length)];
        this.columnCssRulesL = this.columns.map((_, i) => place(`.l${i}`));
        this.columnCssRulesR = this.columns.map((_, i) => place(`.r${i}`));
        this.stylesheet = sheet;
        document.adoptedStyleSheets = [...document.adoptedStyleSheets, sheet];
    }

    removeCssRules() {
        document.adoptedStyleSheets = document.adoptedStyleSheets.filter((sheet) => sheet !== this.stylesheet);
        this.stylesheet = null;
    }
}
