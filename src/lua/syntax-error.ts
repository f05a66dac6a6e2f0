/** A script that cannot be compiled. The message is Lua's own: `user_script:1: unexpected symbol near '<eof>'`. */
export class LuaSyntaxError extends Error {
  constructor(chunkName: string, line: number, text: string, near: string | null) {
    super(`${chunkName}:${line}: ${text}${near === null ? '' : ` near '${near}'`}`);
    this.name = 'LuaSyntaxError';
  }
}
