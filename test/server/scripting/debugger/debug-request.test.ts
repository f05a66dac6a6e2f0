import { describe, expect, it } from 'vitest';
import { PROTOCOL_ERROR, readDebugRequest } from '../../../../src/server/scripting/debugger/debug-request.ts';

describe('requests to the debugger', () => {
  it('are arrays of bulk strings', () => {
    expect(readDebugRequest('*2\r\n$1\r\np\r\n$3\r\na\0b\r\n')).toEqual(['p', 'a\0b']);
  });

  it.each(['', '*1', '*1\r\n', '*1\r\n$4', '*1\r\n$4\r\nst', '*2\r\n$1\r\ns\r\n', '*1\r\n$4\r\nstep'])(
    'wait for the rest of %j',
    (text) => {
      expect(readDebugRequest(text)).toBeNull();
    },
  );

  it.each([
    'step\r\n',
    '*0\r\n',
    '*x\r\n',
    '*1025\r\n',
    '*1\r\nstep\r\n',
    '*1\r\n$0\r\n\r\n',
    '*1\r\n$1025\r\n',
    '*1\r\n$1\r\nstep',
  ])('are not %j', (text) => {
    expect(readDebugRequest(text)).toBe(PROTOCOL_ERROR);
  });
});
