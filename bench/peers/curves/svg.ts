export function line(x1: number, y1: number, x2: number, y2: number, mark: string): string {
  return `<line x1="${round(x1)}" y1="${round(y1)}" x2="${round(x2)}" y2="${round(y2)}" ${mark}/>`;
}

export function text(x: number, y: number, content: string, mark = ''): string {
  return `<text x="${round(x)}" y="${round(y)}"${mark && ` ${mark}`}>${escapeXml(content)}</text>`;
}

export function round(value: number): string {
  return String(Math.round(value * 10) / 10);
}

export function escapeXml(content: string): string {
  return content.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
}
