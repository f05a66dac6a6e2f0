/**
 * Random Lua programs: assignments, loops, functions, metatables and calls of every library, on values of the right and
 * of the wrong types. A program ends with a text of everything that it has computed, and of every error on its way.
 *
 * A table without an `err` that nobody catches brings redis-server down: programs raise none. They end soon: loops are
 * counted, functions call no other ones of the program, and what is assigned is cut short.
 */
import * as fc from 'fast-check';

const PRELUDE = `
local log = {}
local function show(v, depth)
  depth = depth or 0
  if type(v) == 'string' then return string.format('%q', v) end
  if type(v) ~= 'table' or depth > 3 then return type(v) == 'number' and tostring(v) or type(v) .. ':' .. (v == true and 't' or v == false and 'f' or '') end
  local parts = {}
  local count = 0
  for k, w in next, v do
    count = count + 1
    if count > 30 then break end
    parts[#parts + 1] = show(k, depth + 1) .. '=' .. show(w, depth + 1)
  end
  return '{' .. table.concat(parts, ',') .. '}#' .. #v
end
local function key(v) if type(v) == 'table' or type(v) == 'function' then return 'object' end return v == 0 and 0 or v end
local function clip(v) if type(v) == 'string' then return v:sub(1, 80) end return v end
local function fail(v, level) if type(v) == 'table' and type(rawget(v, 'err')) ~= 'string' then v = 'table' end error(v, level) end
local function text(v) return (tostring(v):gsub('0x%x+', '0x')) end
local function try(run)
  local results = {pcall(run)}
  for i = 1, 4 do results[i] = show(results[i]) end
  log[#log + 1] = table.concat(results, ' ', 1, 4)
end
local a, b, c, s, t, u = 1, 2.5, 'x', 'hello world', {1, 2, 3}, {x = 1, y = 'z', [1] = true}
local f = function(x, y) return y, x end
local json = cjson.new()
local g = function(...) return select('#', ...), ... end
local m = setmetatable({5, 6}, {__index = function(p, q) return type(q) end})
`;
const EPILOGUE =
  'return {table.concat(log, "\\n"), show(a), show(b), show(c), show(s), show(t), show(u), type(f), type(g), show(m)}';

const names = fc.constantFrom('a', 'b', 'c', 's', 't', 'u', 'm', 'f');
const fields = fc.constantFrom('x', 'y', 'n', 'err', 'ok');
const smallInteger = fc.integer({ min: -3, max: 9 }).map(String);
const number = fc.oneof(
  smallInteger,
  fc.constantFrom('0.5', '-1.25', '1e15', '2^53', '1e100', '1/0', '-1/0', '0/0', '0x10', '3.99', '123456789012'),
);
const text = fc
  .oneof(
    fc.string({ maxLength: 6 }),
    fc.constantFrom('', '10', ' 7 ', '0x1F', '1e2', 'abc', 'a,b,c', 'key=val', '[1,2]', '{"a":null}', '\0\xff'),
  )
  .map(quoted);
const pattern = fc
  .constantFrom('%w+', '(%a)(%d?)', '^%s*', 'l+', '.-o', '[^,]*', '%b()', '()', '(', '%', '[a', '%f[%w]%w', '(.)%1', '')
  .map(quoted);
const format = fc
  .constantFrom('%d', '%5.2f', '%s', '%q', '%x', '%g', '%c', '%-5s|', '%+d', '%e', '%i%%', '%y', '%.3s', '%05d', '%')
  .map(quoted);

/** A literal of a binary string. */
function quoted(value: string): string {
  return `"${value.replace(/[^ !#-[\]-~]/g, (char) => `\\${String(char.charCodeAt(0) & 0xff).padStart(3, '0')}`)}"`;
}

function list(items: readonly string[]): string {
  return items.join(', ');
}

const binaryOperator = fc.constantFrom(
  '+',
  '-',
  '*',
  '/',
  '%',
  '^',
  '..',
  '==',
  '~=',
  '<',
  '<=',
  '>',
  '>=',
  'and',
  'or',
);
/** Library functions that take anything in any number. */
const library = fc.constantFrom(
  ...words(`text tonumber type select unpack rawget rawequal next math.floor math.ceil math.abs math.max math.min
    math.fmod math.sqrt math.pow math.modf math.frexp string.len string.upper string.lower string.reverse string.sub
    string.byte table.getn table.maxn table.concat bit.band bit.bor bit.bxor bit.tohex bit.bnot bit.lshift bit.arshift
    bit.rol bit.bswap bit.tobit cjson.encode cmsgpack.pack struct.size ipairs pairs getmetatable assert fail
    redis.error_reply redis.status_reply redis.sha1hex math.ldexp math.log10 math.exp string.char math.mod math.deg
    math.rad math.sin math.cos math.tan math.asin math.acos math.atan math.atan2 math.sinh math.cosh math.tanh math.log
    bit.rshift bit.ror cmsgpack.unpack_one cmsgpack.unpack_limit string.gfind table.setn table.foreach table.foreachi
    coroutine.running redis.breakpoint redis.acl_check_cmd`),
);
const structFormat = fc
  .constantFrom('<i4', '>I2', 'bB', 's', '<d', 'f', 'c0', 'h', '<l', '>i3', 'x', 'q', '')
  .map(quoted);

function words(value: string): string[] {
  return value.trim().split(/\s+/);
}

const handler = fc.constantFrom(
  'function(p, q) return type(p) .. type(q) end',
  'function(p, q) return rawget(p, 1) end',
  'function(p, q, r) return 1 end',
  'function() return end',
  'function(p) error({err = "MINE raised"}) end',
  'function(p) error("up", 2) end',
  'function(p) for i = 1, 1 do end error("up", 2) end',
  'string.rep',
  't',
  '7',
);
/** The beginnings of commands that change nothing but two keys. */
const command = fc.constantFrom(
  'GET k1',
  'SET k1',
  'APPEND k1',
  'INCRBYFLOAT k1',
  'DEL k1',
  'HSET k2 f',
  'HGETALL k2',
  'RPUSH k2',
  'LRANGE k2 0 -1',
  'ECHO',
  'EXISTS k1',
  'TYPE k1',
  'NOSUCH',
  'PING',
);
const jsonSetting = fc.constantFrom(
  ...words(`encode_sparse_array encode_max_depth decode_max_depth encode_number_precision encode_keep_buffer
    encode_invalid_numbers decode_invalid_numbers`),
);
const jsonText = fc
  .oneof(
    fc.json({ maxDepth: 3 }),
    fc.constantFrom(
      '[nan]',
      '[1e999,-inf]',
      '{"a":[[[]]]}',
      '[0x1F]',
      '"\\u00e9\\ud83d\\ude00"',
      '[1,]',
      '{1:2}',
      'null',
      '-0',
    ),
  )
  .map(quoted);

/** Rules of a grammar by name. */
type Texts = Record<string, string>;

type Tie = (rule: string) => fc.Arbitrary<string>;

interface Weighted {
  readonly weight: number;
  readonly arbitrary: fc.Arbitrary<string>;
}

/** Calls of any function with anything, and of those that take patterns and formats. */
function stringCalls(tie: Tie): Weighted[] {
  return [
    {
      weight: 6,
      arbitrary: fc
        .tuple(library, fc.array(tie('expression'), { maxLength: 3 }))
        .map(([name, args]) => `${name}(${list(args)})`),
    },
    {
      weight: 2,
      arbitrary: fc
        .tuple(fc.constantFrom('find', 'match', 'gmatch'), tie('expression'), pattern)
        .map(([name, subject, what]) => `string.${name}(${subject}, ${what})`),
    },
    {
      weight: 2,
      arbitrary: fc
        .tuple(tie('expression'), pattern, fc.oneof(text, names, fc.constantFrom('"%0%1"', '"%2"', 'g')))
        .map((args) => `string.gsub(${list(args)})`),
    },
    { weight: 2, arbitrary: fc.tuple(format, tie('expression')).map((args) => `string.format(${list(args)})`) },
    { weight: 1, arbitrary: fc.tuple(names, smallInteger).map((args) => `string.rep(${list(args)})`) },
  ];
}

/** The ways to call. */
function languageCalls(tie: Tie): Weighted[] {
  return [
    { weight: 1, arbitrary: tie('table').map((table) => `f${table}`) },
    { weight: 1, arbitrary: text.map((value) => `g${value}`) },
    { weight: 1, arbitrary: tie('call').map((inner) => `(${inner})`) },
    {
      weight: 1,
      arbitrary: fc.constantFrom(
        'redis.setresp(3)',
        'redis.setresp(2)',
        'redis.replicate_commands()',
        'redis.set_repl(redis.REPL_ALL)',
        // A collection forgets keys without a value, and with that what is walked in which order from then on.
        'collectgarbage("count") > 0',
      ),
    },
    {
      weight: 1,
      arbitrary: fc
        .tuple(
          fc.constantFrom('redis.debug', 'redis.setresp', '__redis__err__handler', 'string.dump'),
          tie('expression'),
        )
        .map(([name, value]) => `type(${name}(${value}))`),
    },
    {
      weight: 1,
      arbitrary: tie('expression').map((value) => {
        return `load((function() local z = ${quoted(`return ${value}`)} return function() local y = z z = nil return y end end)())`;
      }),
    },
    {
      weight: 1,
      arbitrary: fc
        .tuple(tie('expression'), handler)
        .map(([value, run]) => `xpcall(function() return ${value} end, ${run})`),
    },
    { weight: 1, arbitrary: tie('expression').map((value) => `loadstring(${quoted(`return ${value}`)})`) },
    {
      weight: 1,
      arbitrary: tie('expression').map((value) => `loadstring(${quoted(`local a, b = ... return ${value}`)})(1, 2)`),
    },
    {
      weight: 2,
      arbitrary: fc
        .tuple(fc.constantFrom('call', 'pcall'), command, fc.array(tie('expression'), { maxLength: 2 }))
        .map(([name, words, args]) => `redis.${name}(${list([...words.split(' ').map(quoted), ...args])})`),
    },
    { weight: 1, arbitrary: fc.tuple(names, fields, tie('expression')).map(([n, k, v]) => `${n}:${k}(${v})`) },
    { weight: 1, arbitrary: fc.tuple(tie('expression'), pattern).map(([v, p]) => `(${v}):match(${p})`) },
    {
      weight: 2,
      arbitrary: fc
        .tuple(fc.constantFrom('f', 'g', 'a', 'pcall'), fc.array(tie('expression'), { minLength: 1, maxLength: 3 }))
        .map(([name, args]) => `${name}(${list(args)})`),
    },
  ];
}

/** Calls that make bytes of values, and values of bytes. */
function dataCalls(tie: Tie): Weighted[] {
  return [
    {
      weight: 1,
      arbitrary: fc
        .tuple(fc.constantFrom('unpack_one', 'unpack_limit'), tie('expression'), smallInteger, smallInteger)
        .map(
          ([name, value, limit, offset]) => `cmsgpack.${name}(cmsgpack.pack(${value}, 1, "x"), ${limit}, ${offset})`,
        ),
    },
    { weight: 1, arbitrary: fc.tuple(jsonSetting, tie('expression')).map(([name, value]) => `json.${name}(${value})`) },
    { weight: 1, arbitrary: tie('expression').map((value) => `json.encode(${value})`) },
    { weight: 1, arbitrary: jsonText.map((value) => `json.decode(${value})`) },
    {
      weight: 1,
      arbitrary: fc.constantFrom('math.random()', 'math.random(9)', 'math.random(2, 5)', 'math.randomseed(7)'),
    },
    { weight: 1, arbitrary: fc.tuple(structFormat, tie('expression')).map((args) => `struct.pack(${list(args)})`) },
    { weight: 1, arbitrary: fc.tuple(structFormat, tie('expression')).map((args) => `struct.unpack(${list(args)})`) },
    { weight: 1, arbitrary: tie('expression').map((value) => `cmsgpack.unpack(cmsgpack.pack(${value}))`) },
    { weight: 1, arbitrary: text.map((value) => `cjson.decode(${value})`) },
    { weight: 1, arbitrary: tie('expression').map((value) => `cjson.decode(cjson.encode(${value}))`) },
  ];
}

const grammar = fc.letrec<Texts>((tie) => ({
  expression: fc.oneof(
    { maxDepth: 4, depthSize: 'medium' },
    { weight: 5, arbitrary: names },
    { weight: 3, arbitrary: number },
    { weight: 3, arbitrary: text },
    { weight: 1, arbitrary: fc.constantFrom('nil', 'true', 'false', '#t', '-a', 'not b', '...') },
    {
      weight: 4,
      arbitrary: fc.tuple(tie('expression'), binaryOperator, tie('expression')).map(([l, o, r]) => `(${l} ${o} ${r})`),
    },
    { weight: 2, arbitrary: fc.tuple(names, tie('expression')).map(([n, k]) => `${n}[key(${k})]`) },
    { weight: 2, arbitrary: fc.tuple(names, fields).map(([n, k]) => `${n}.${k}`) },
    {
      weight: 1,
      arbitrary: fc.tuple(fc.constantFrom('-', '#', 'not '), tie('expression')).map((p) => `(${p.join('')})`),
    },
    { weight: 2, arbitrary: tie('table') },
    { weight: 5, arbitrary: tie('call') },
    {
      weight: 1,
      arbitrary: fc.tuple(names, tie('expression')).map(([n, v]) => `(function(${n}) return ${v} end)(${n})`),
    },
  ),
  table: fc
    .array(
      fc.oneof(
        tie('expression'),
        fc.tuple(fields, tie('expression')).map(([k, v]) => `${k} = ${v}`),
        fc.tuple(tie('expression'), tie('expression')).map(([k, v]) => `[key(${k})] = ${v}`),
      ),
      { maxLength: 4 },
    )
    .map((items) => `{${list(items)}}`),
  call: fc.oneof(...stringCalls(tie), ...languageCalls(tie), ...dataCalls(tie)),
}));

const { expression, call } = grammar as Record<string, fc.Arbitrary<string>> as {
  expression: fc.Arbitrary<string>;
  call: fc.Arbitrary<string>;
};

const event = fc.constantFrom(
  ...words('__index __newindex __add __concat __eq __lt __le __call __unm __len __tostring __mod __metatable'),
);
const metatable = fc
  .array(fc.tuple(event, handler), { minLength: 1, maxLength: 3 })
  .map((pairs) => `{${list(pairs.map(([name, value]) => `${name} = ${value}`))}}`);

const assignment = fc.oneof(
  fc.tuple(names, expression).map(([name, value]) => `${name} = clip(${value})`),
  fc
    .tuple(fc.constantFrom('t', 'u', 'm', 's'), expression, expression)
    .map(([n, k, v]) => `${n}[key(${k})] = clip(${v})`),
  fc.tuple(fc.constantFrom('t', 'u', 'm', 'a'), fields, expression).map(([n, k, v]) => `${n}.${k} = clip(${v})`),
  fc
    .tuple(names, names, call)
    .map(([first, second, value]) => `${first}, ${second} = ${value} ${first} = clip(${first})`),
  fc.constantFrom('undeclared = 1', 'a = undeclared', 'string.x = 1', 'KEYS.x = 1 KEYS.x = nil'),
);
const tableCall = fc.oneof(
  fc.tuple(names, expression).map((args) => `table.insert(${list(args)})`),
  fc.tuple(names, smallInteger, expression).map((args) => `table.insert(${list(args)})`),
  fc.tuple(names, smallInteger).map((args) => `a = table.remove(${list(args)})`),
  names.map((name) => `table.sort(${name})`),
  names.map((name) => `table.sort(${name}, function(x, y) return text(x) > text(y) end)`),
  fc.tuple(names, metatable).map((args) => `setmetatable(${list(args)})`),
  fc.tuple(names, expression, expression).map(([n, k, v]) => `rawset(${n}, key(${k}), ${v})`),
);

const plainStatements: Weighted[] = [
  { weight: 6, arbitrary: assignment },
  { weight: 3, arbitrary: tableCall },
  { weight: 2, arbitrary: call },
  { weight: 2, arbitrary: expression.map((value) => `log[#log + 1] = show(${value})`) },
  {
    weight: 1,
    arbitrary: fc.tuple(fc.constantFrom('pairs', 'ipairs'), names).map(([walk, name]) => {
      return `for k, v in ${walk}(${name}) do log[#log + 1] = show(k) .. show(v) if #log > 60 then break end end`;
    }),
  },
  {
    weight: 1,
    arbitrary: fc.tuple(expression, expression, expression).map(([first, second, third]) => {
      return `local p, q = ${first}, ${second}, ${third} t.x, p, u[key(q)] = q, p a = clip(p)`;
    }),
  },
  {
    weight: 1,
    arbitrary: call.map((value) => `local p = {${value}, ${value}} log[#log + 1] = show(p) .. select('#', ${value})`),
  },
];

/** Functions that call another one, each with levels of its own. */
const caller = fc.constantFrom(
  'table.sort({2, 1, 3}, function(x, y) BODY return x < y end)',
  'string.gsub("ab", "%w", function(x) BODY end)',
  'table.foreach({1}, function(x) BODY end)',
  'coroutine.wrap(function(x) BODY end)(1)',
  'local h = coroutine.wrap(function(x) coroutine.yield(1) BODY end) h() h()',
  'local function h() BODY end local function k() return h() end local x = k()',
  'local x = tostring(setmetatable({}, {__tostring = function() BODY end}))',
  'for k in function() BODY end, 1, nil do end',
);

/** Closures, methods, coroutines, recursion. */
const functionStatements: Weighted[] = [
  {
    weight: 1,
    arbitrary: fc.tuple(expression, expression).map(([first, second]) => {
      return `local w = coroutine.wrap(function(...) local r = coroutine.yield(${first}) return r, ${second} end) a = w(1) b = w(2)`;
    }),
  },
  {
    weight: 1,
    arbitrary: fc.tuple(fc.constantFrom('f', 'g'), expression).map(([name, value]) => {
      return `${name} = function(x, ...) local f, g = nil, nil if x then return x, ${value} end end`;
    }),
  },
  {
    weight: 1,
    arbitrary: fc.tuple(expression, expression).map(([first, second]) => {
      return `local co = coroutine.create(function(x, ...) local y = coroutine.yield(${first}, x) error(y) end)
b = clip(coroutine.resume(co, ${second})) c = coroutine.status(co) log[#log + 1] = show({coroutine.resume(co, ${second})}) .. coroutine.status(co)`;
    }),
  },
  {
    weight: 1,
    arbitrary: fc.tuple(expression, expression).map(([first, second]) => {
      return `local fs = {} for i = 1, 2 do local z = ${first} fs[i] = function() z = z == nil and i or ${second} return z end end a = clip(fs[1]()) b = clip(fs[2]()) c = clip(fs[1]())`;
    }),
  },
  {
    weight: 1,
    arbitrary: fc.tuple(expression, expression).map(([first, second]) => {
      return `local o = {n = ${first}} function o:m(x, ...) self.n = x return select('#', ...), self.n, ... end a = clip((o:m(${second}, g(${first}))))`;
    }),
  },
  {
    weight: 1,
    arbitrary: expression.map(
      (value) => `local function r(n, x) if n == 0 then return x end return r(n - 1, ${value}) end a = clip(r(3, b))`,
    ),
  },
  {
    weight: 1,
    arbitrary: expression.map((value) => `local function h(x) return x and (${value}) end c = clip(h(a))`),
  },
  {
    weight: 1,
    arbitrary: fc
      .tuple(caller, fc.constantFrom('', 'for i = 1, 1 do end '), fc.integer({ min: 1, max: 6 }))
      .map(([call, loop, level]) => call.replace('BODY', `${loop}fail('far', ${level}) ${loop}`)),
  },
];

function compoundStatements(tie: Tie): Weighted[] {
  return [
    {
      weight: 2,
      arbitrary: fc
        .tuple(expression, tie('block'), tie('block'))
        .map(([condition, yes, no]) => `if ${condition} then ${yes} else ${no} end`),
    },
    {
      weight: 2,
      arbitrary: fc.tuple(smallInteger, smallInteger, tie('block')).map(([from, to, body]) => {
        return `for i = ${from}, ${to} do ${body} if i > 3 then break end end`;
      }),
    },
    { weight: 1, arbitrary: tie('block').map((body) => `local n = 0 while n < 3 do n = n + 1 ${body} end`) },
    {
      weight: 1,
      arbitrary: tie('block').map((body) => `local n = 0 repeat local z = n n = n + 1 ${body} until z > 1`),
    },
    {
      weight: 1,
      arbitrary: fc.tuple(smallInteger, fc.constantFrom('-1', '2', '0.5'), tie('block')).map(([from, step, body]) => {
        return `local n = 0 for i = ${from}, 3, ${step} do n = n + 1 ${body} if n > 4 then break end end`;
      }),
    },
  ];
}

const statements = fc.letrec<Texts>((tie) => ({
  statement: fc.oneof(
    { maxDepth: 3, depthSize: 'small' },
    ...plainStatements,
    ...functionStatements,
    ...compoundStatements(tie),
  ),
  block: fc.array(tie('statement'), { minLength: 1, maxLength: 2 }).map((list2) => list2.join(' ')),
}));

const { statement } = statements as Record<string, fc.Arbitrary<string>> as { statement: fc.Arbitrary<string> };

/** Texts in quotes, and spaces behind which no call or table could begin. */
const GAP = /"(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*'| (?![("'{])/gs;

/** Goes on in a new line at some of the spaces, so that one expression has errors on several lines. */
function broken(source: string, at: readonly number[]): string {
  let gaps = 0;
  return source.replace(GAP, (found) => (found === ' ' && at.includes(gaps++) ? '\n' : found));
}

const brokenStatement = fc
  .tuple(statement, fc.uniqueArray(fc.nat(20), { maxLength: 6 }))
  .map(([body, at]) => broken(body, at));

/** A statement whose error is noted, or one that ends the program with it. */
const step = fc.oneof(
  { weight: 12, arbitrary: brokenStatement.map((body) => `try(function(...)\n${body}\nend)`) },
  { weight: 1, arbitrary: brokenStatement.map((body) => `do\n${body}\nend`) },
);

export const luaProgram = fc
  .array(step, { minLength: 1, maxLength: 8 })
  .map((steps) => `${PRELUDE}${steps.join('\n')}\n${EPILOGUE}`);
