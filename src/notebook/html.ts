import { readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { gzipSync } from 'node:zlib';
import highlighter from 'highlight.js/lib/core';
import typescript from 'highlight.js/lib/languages/typescript';
import katex from 'katex';
import { escapeHtml } from '../report/table';
import { type Cell, type Notebook, type Output, plainText } from './notebook';

highlighter.registerLanguage('typescript', typescript);
highlighter.registerAliases('ts', { languageName: 'typescript' });

interface HtmlOptions {
  /** Names of all notebooks exported together, for the links on top; links to them go to their pages. */
  readonly pages?: readonly string[];
  /** `folded`: a click away; `hidden`: outputs only. */
  readonly code?: 'shown' | 'folded' | 'hidden';
  /** False leaves all figures pictures, and the page without scripts; for print. */
  readonly interactive?: boolean;
}

/**
 * An executed notebook as one HTML page that needs no network: styles, fonts, mathematics and plotly.js are inside.
 * Figures are interactive where scripts run, pictures where they don't.
 */
export async function notebookHtml(
  name: string,
  notebook: Notebook,
  options: HtmlOptions = {},
): Promise<string> {
  const { pages = [], code = 'shown', interactive = true } = options;
  const markdown = await markdownParser();
  const body = notebook.cells.map(cell => cellHtml(cell, markdown, code)).join('\n');
  const title = /^# +(.+)$/m.exec(notebook.cells[0]?.source ?? '')?.[1] ?? name;
  const links = pages.map(page =>
    page === name ? `<b>${escapeHtml(page)}</b>` : `<a href="${page}.html">${escapeHtml(page)}</a>`,
  );
  return `<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${escapeHtml(title)}</title>
<style>${katexStyle()}${style('highlight.js/styles/github.min.css')}${PAGE_STYLE}</style>
</head>
<body>
<nav>${links.join('')}</nav>
<main>
${body}
</main>
${interactive && body.includes('class="plotly"') ? plotlyScripts() : ''}
</body>
</html>
`;
}

function cellHtml(cell: Cell, markdown: Markdown, code: HtmlOptions['code']): string {
  if (cell.cell_type === 'markdown') {
    const html = markdown.parse(cell.source, { async: false });
    return html.replace(/(<a href="[^":]*)\.ipynb/g, '$1.html');
  }
  if (cell.cell_type === 'raw' || cell.source.trim() === '') return '';
  const outputs = (cell.outputs ?? []).map(outputHtml).join('\n');
  const source = code === 'hidden' ? '' : codeHtml(cell.source, 'typescript');
  const folded = `<details><summary>Code</summary>${source}</details>`;
  return `<div class="cell">${code === 'folded' ? folded : source}${outputs}</div>`;
}

function codeHtml(code: string, language: string): string {
  const html = highlighter.getLanguage(language)
    ? highlighter.highlight(code, { language }).value
    : escapeHtml(code);
  return `<pre class="code"><code>${html}</code></pre>`;
}

function outputHtml(output: Output): string {
  if (output.output_type === 'display_data') {
    const { data } = output;
    const figure = data['application/vnd.plotly.v1+json'];
    const picture = data['image/png'];
    const html = data['text/html'];
    const label = escapeHtml(plainText(output));
    const image = `<img alt="${label}" src="data:image/png;base64,${picture}">`;
    // a figure's JSON must not close the element that holds it
    const json = figure ? JSON.stringify(figure).replaceAll('<', '\\u003c') : '';
    if (figure)
      return `<figure>${image}<script type="application/json" class="plotly">${json}</script></figure>`;
    if (picture) return `<figure>${image}</figure>`;
    if (html) return `<div class="table">${html}</div>`;
  }
  const kind = output.output_type === 'stream' ? output.name : output.output_type;
  return `<pre class="output ${kind}">${escapeHtml(plainText(output))}</pre>`;
}

type Markdown = Awaited<ReturnType<typeof markdownParser>>;

/** Markdown with TeX between dollars and highlighted code; marked is an ES module, hence the late import. */
async function markdownParser() {
  const { Marked } = await import('marked');
  const math = (level: 'block' | 'inline', start: RegExp, pattern: RegExp, displayMode: boolean) => ({
    name: `math${pattern}`,
    level,
    start: (source: string) => start.exec(source)?.index,
    tokenizer(source: string) {
      const match = pattern.exec(source);
      return match ? { type: `math${pattern}`, raw: match[0], tex: match[1] } : undefined;
    },
    renderer: (token: { tex?: string }) => katex.renderToString(token.tex ?? '', { displayMode }),
  });
  return new Marked({
    extensions: [
      math('block', /^\$\$/m, /^\$\$([\s\S]+?)\$\$[^\S\n]*(?:\n|$)/, true),
      math('inline', /\$/, /^\$\$([\s\S]+?)\$\$/, true),
      math('inline', /\$/, /^\$(?!\s)((?:\\.|[^$\\])+?)(?<!\s)\$(?!\d)/, false),
    ],
    renderer: { code: ({ text, lang = '' }) => codeHtml(text, lang) },
  });
}

function style(path: string): string {
  return readFileSync(require.resolve(path), 'utf8');
}

/** KaTeX's style sheet with its fonts inside. */
function katexStyle(): string {
  const folder = dirname(require.resolve('katex/dist/katex.min.css'));
  return style('katex/dist/katex.min.css')
    .replace(/,url\([^)]*\) format\("(woff|truetype)"\)/g, '')
    .replace(/url\((fonts\/[^)]*\.woff2)\)/g, (_, font) => {
      const bytes = readFileSync(join(folder, font));
      return `url(data:font/woff2;base64,${bytes.toString('base64')})`;
    });
}

/** plotly.js, packed (10 MB become 3), and what unpacks it and brings the figures to life. */
function plotlyScripts(): string {
  const packed = gzipSync(readFileSync(require.resolve('plotly.js-dist'))).toString('base64');
  return `<script type="application/gzip" id="plotly-js">${packed}</script>
<script>
(async () => {
  const packed = Uint8Array.from(atob(document.getElementById('plotly-js').text), c => c.charCodeAt(0));
  const unpacked = new Blob([packed]).stream().pipeThrough(new DecompressionStream('gzip'));
  const script = document.createElement('script');
  script.text = await new Response(unpacked).text();
  document.head.append(script);
  for (const json of document.querySelectorAll('script.plotly')) {
    const { data, layout } = JSON.parse(json.text);
    const place = document.createElement('div');
    await Plotly.newPlot(place, data, layout, { displayModeBar: false }); // it covers titles
    json.parentElement.querySelector('img').replaceWith(place);
  }
})();
</script>`;
}

const PAGE_STYLE = `
:root { color-scheme: light; }
body { margin: 0; background: #fff; color: #1f2328; font: 16px/1.6 system-ui, -apple-system, "Segoe UI", sans-serif; }
nav { display: flex; flex-wrap: wrap; gap: 1.5rem; padding: .7rem 1.5rem; border-bottom: 1px solid #d8dee4; font-size: 14px; }
nav:empty { display: none; }
main { max-width: 900px; margin: 2rem auto 5rem; padding: 0 1.5rem; }
p, ul, ol, blockquote { max-width: 46rem; }
h1, h2, h3 { line-height: 1.25; margin: 2rem 0 .8rem; }
h1 { font-size: 2rem; } h2 { font-size: 1.4rem; } h3 { font-size: 1.1rem; }
a { color: #0072b2; text-decoration: none; } a:hover { text-decoration: underline; }
code, pre { font: 13px/1.5 ui-monospace, SFMono-Regular, Menlo, Consolas, "DejaVu Sans Mono", monospace; }
p code, li code, td code { background: #f3f4f6; border-radius: 4px; padding: .1em .3em; }
pre { overflow-x: auto; margin: 0; padding: .7rem 1rem; }
pre.code { background: #f6f8fa; border-left: 3px solid #0072b2; border-radius: 4px; }
.cell { margin: 1.2rem 0; }
pre.stderr, pre.error { background: #fdf0ea; }
figure { margin: .8rem 0; } figure img { width: 100%; max-width: 700px; }
.table { overflow-x: auto; padding: 0 1rem; }
table { border-collapse: collapse; margin: .8rem 0; font-variant-numeric: tabular-nums; font-size: 15px; }
caption { padding-bottom: .4rem; color: #59636e; }
th, td { padding: .3rem .9rem .3rem 0; } td[style*=right] { white-space: nowrap; } th { border-bottom: 1.5px solid #1f2328; } td { border-bottom: 1px solid #e6e8eb; }
summary { color: #59636e; font-size: 13px; cursor: pointer; }
@page { size: A4; margin: 16mm 14mm; }
@media print {
  body { font-size: 10pt; } nav, details { display: none; }
  main { max-width: none; margin: 0; padding: 0; } p, ul, ol, blockquote { max-width: none; }
  h1, h2, h3 { break-after: avoid; } h1 { margin-top: 0; }
  tr, figure { break-inside: avoid; } figure img { max-width: 135mm; }
  table { font-size: 7pt; line-height: 1.35; } th, td { padding: .15rem .45rem .15rem 0; } .table { overflow: visible; padding: 0; }
  td { overflow-wrap: break-word; } pre { white-space: pre-wrap; }
}
blockquote { margin: 1rem 0; padding-left: 1rem; border-left: 3px solid #d8dee4; color: #59636e; }
.katex-display { overflow-x: auto; overflow-y: hidden; padding: .2rem 0; }
`;
