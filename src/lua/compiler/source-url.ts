/** How compiled chunks show up in stack traces. */
export const SOURCE_URL_PREFIX = 'lua-chunk:';

/** `new Function` puts its own head before the text. */
export const HEADER_LINES = 2;
