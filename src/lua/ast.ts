/**
 * The syntax tree of a Lua chunk, with its names resolved.
 *
 * The parser knows the scopes, so an identifier is already a `Local` of a known function or a global name. Nothing of
 * the tree refers to the source but line numbers: `line` is the one that Lua's instruction for the node would have,
 * which is what error texts show.
 */

/** A local variable or parameter; the implicit ones of loops are not in the tree. */
export interface Local {
  readonly name: string;
  /** Distinct among the locals of a chunk. */
  readonly id: number;
  /** A closure refers to it. */
  captured: boolean;
  /** Something is assigned to it after its declaration. */
  assigned: boolean;
}

export interface Block {
  readonly statements: readonly Statement[];
}

export interface FunctionBody {
  readonly parameters: readonly Local[];
  readonly isVararg: boolean;
  /** The implicit local `arg` of a vararg function (manual of 5.0; LUAI_COMPAT_VARARG). */
  readonly argLocal: Local | null;
  /** It says `...`: then `arg` stays nil. */
  readonly usesVararg: boolean;
  readonly block: Block;
  readonly line: number;
  /** Of its `end`; in the main function of the last word. */
  readonly endLine: number;
  /** It has a loop of its own, so that it can run for ever without calling anything. */
  readonly hasLoop: boolean;
  /** For what it calls by name: the locals that it calls directly. */
  readonly calledLocals: ReadonlySet<Local>;
  /** Locals of functions around it that it, or a function in it, refers to. */
  readonly upvalues: ReadonlySet<Local>;
}

export type Statement =
  | {
      readonly kind: 'local';
      readonly locals: readonly Local[];
      readonly values: readonly Expression[];
      readonly line: number;
    }
  | {
      readonly kind: 'assign';
      readonly targets: readonly Target[];
      readonly values: readonly Expression[];
      /** Where it begins; `line` is where it is done. */
      readonly firstLine: number;
      readonly line: number;
    }
  | { readonly kind: 'call'; readonly call: Call; readonly line: number }
  | { readonly kind: 'do'; readonly body: Block; readonly line: number }
  | { readonly kind: 'while'; readonly condition: Expression; readonly body: Block; readonly line: number }
  | {
      readonly kind: 'repeat';
      readonly body: Block;
      readonly condition: Expression;
      readonly line: number;
      /** Of the last word of the condition. */
      readonly endLine: number;
    }
  | {
      readonly kind: 'if';
      readonly branches: readonly Branch[];
      readonly otherwise: Block | null;
      readonly line: number;
    }
  | {
      readonly kind: 'numeric-for';
      readonly variable: Local;
      readonly start: Expression;
      readonly limit: Expression;
      readonly step: Expression | null;
      /** Where the loop begins to count. */
      readonly doLine: number;
      readonly body: Block;
      readonly line: number;
    }
  | {
      readonly kind: 'generic-for';
      readonly variables: readonly Local[];
      readonly values: readonly Expression[];
      readonly body: Block;
      readonly line: number;
    }
  | { readonly kind: 'local-function'; readonly local: Local; readonly body: FunctionBody; readonly line: number }
  | { readonly kind: 'return'; readonly values: readonly Expression[]; readonly line: number }
  | { readonly kind: 'break'; readonly line: number };

export interface Branch {
  readonly condition: Expression;
  readonly body: Block;
}

export type Expression =
  | { readonly kind: 'nil' }
  | { readonly kind: 'true' }
  | { readonly kind: 'false' }
  | { readonly kind: 'number'; readonly value: number }
  | { readonly kind: 'string'; readonly value: string }
  | { readonly kind: 'vararg' }
  | { readonly kind: 'function'; readonly body: FunctionBody }
  | Target
  | Call
  | { readonly kind: 'table'; readonly items: readonly TableItem[]; readonly line: number }
  | {
      readonly kind: 'binary';
      readonly operator: BinaryOperator;
      readonly left: Expression;
      readonly right: Expression;
      readonly line: number;
    }
  | { readonly kind: 'unary'; readonly operator: UnaryOperator; readonly operand: Expression; readonly line: number }
  /** Cuts a list of results down to one. */
  | { readonly kind: 'group'; readonly inner: Expression };

/** What can be assigned to. */
export type Target =
  | { readonly kind: 'local-name'; readonly local: Local; readonly isUpvalue: boolean }
  | { readonly kind: 'global'; readonly name: string; line: number }
  | { readonly kind: 'index'; readonly object: Expression; readonly key: Expression; line: number };

export type Call =
  | {
      readonly kind: 'function-call';
      readonly callee: Expression;
      readonly args: readonly Expression[];
      readonly line: number;
    }
  | {
      readonly kind: 'method-call';
      readonly object: Expression;
      readonly name: string;
      /** Where the method is looked up. */
      readonly nameLine: number;
      readonly args: readonly Expression[];
      readonly line: number;
    };

export type TableItem =
  | { readonly kind: 'positional'; readonly value: Expression }
  | { readonly kind: 'keyed'; readonly key: Expression; readonly value: Expression; readonly line: number };

export type BinaryOperator =
  '+' | '-' | '*' | '/' | '%' | '^' | '..' | '==' | '~=' | '<' | '<=' | '>' | '>=' | 'and' | 'or';
export type UnaryOperator = '-' | 'not' | '#';

/** Whether it can give any number of values where a list of them is wanted. */
export function isMultiple(expression: Expression): boolean {
  return expression.kind === 'function-call' || expression.kind === 'method-call' || expression.kind === 'vararg';
}
