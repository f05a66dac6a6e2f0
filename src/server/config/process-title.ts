/**
 * The title that a process shows in `ps`: proc-title-template with its variables filled in.
 *
 * `{name}` is a variable, `{{` a brace. The known names are the keys of the map that is handed in: title, listen-addr,
 * server-mode, config-file, port, tls-port, unixsocket.
 */

/** @returns the title without blanks around it; null when the template is malformed or names an unknown variable. */
export function expandProcessTitle(template: string, variables: ReadonlyMap<string, string>): string | null {
  let title = '';
  let position = 0;
  for (;;) {
    const brace = template.indexOf('{', position);
    if (brace < 0) break;
    title += template.slice(position, brace);
    if (template[brace + 1] === '{') {
      title += '{';
      position = brace + 2;
      continue;
    }
    const end = template.indexOf('}', brace + 1);
    const value = end < 0 ? undefined : variables.get(template.slice(brace + 1, end));
    if (value === undefined) return null;
    title += value;
    position = end + 1;
  }
  return (title + template.slice(position)).replace(/^ +| +$/g, '');
}
