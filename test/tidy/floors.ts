/**
 * The floors of src/. A folder imports only from lower floors; folders on one floor do not import each other.
 *
 * A new folder gets a line here and in docs/ARCHITECTURE.md. Where a lower floor needs something of a higher one, the
 * lower floor declares an interface and the higher one plugs in.
 */
import type { SourceFile } from './source-file.ts';

export const FLOORS: Readonly<Record<string, number>> = {
  'src/core': 0,
  'src/host': 1,
  'src/protocol': 1,
  'src/data': 1,
  'src/persistence': 2,
  'src/client': 2,
  'src/lua': 2,
  'src/sim': 2,
  'src/host/node': 2,
  'src/commands': 3,
  'src/server': 4,
  'src/replication': 5,
  'src/sentinel': 5,
  'src/cluster': 6,
  'src/topology': 7,
  'src/simulation': 8,
  'src/index.ts': 9,
  'src/cli.ts': 9,
};

/** Packages that one room alone imports: whoever starts a server loads none of them. */
const PACKAGES: Readonly<Record<string, string>> = { 'fast-check': 'src/simulation' };

/** The room of a file: the longest entry of the table that its path starts with, or null. */
export function roomOf(path: string): string | null {
  const rooms = Object.keys(FLOORS).filter((room) => path === room || path.startsWith(`${room}/`));
  return rooms.sort((a, b) => b.length - a.length)[0] ?? null;
}

export function floorOf(path: string): number | null {
  const room = roomOf(path);
  return room === null ? null : FLOORS[room]!;
}

/** Imports that go up or sideways, leave src/, or name a package that is no dependency. */
export function findFloorProblems(files: readonly SourceFile[], dependencies: readonly string[]): string[] {
  return files.flatMap((file) => {
    const room = roomOf(file.path);
    if (room === null) return [`${file.path}: its folder has no floor; give it one in test/tidy/floors.ts`];
    return file.imports.flatMap(({ specifier, target, line }) => {
      const problem = target === null ? judgePackage(room, specifier, dependencies) : judgeTarget(room, target);
      return problem === null ? [] : [`${file.path}:${line}: imports ${specifier}, ${problem}`];
    });
  });
}

function judgePackage(room: string, specifier: string, dependencies: readonly string[]): string | null {
  if (specifier.startsWith('node:')) return null;
  const name = dependencies.find((dependency) => specifier === dependency || specifier.startsWith(`${dependency}/`));
  if (name === undefined) return 'which is not among the "dependencies" of package.json';
  const owner = PACKAGES[name];
  return owner === undefined || owner === room ? null : `which ${owner} alone may import`;
}

function judgeTarget(room: string, target: string): string | null {
  const targetRoom = roomOf(target);
  if (targetRoom === null) return 'which has no floor: src/ imports only from itself';
  if (targetRoom === room || FLOORS[targetRoom]! < FLOORS[room]!) return null;
  const direction = FLOORS[targetRoom] === FLOORS[room] ? 'beside it' : 'above it';
  return (
    `but ${targetRoom} (floor ${FLOORS[targetRoom]}) stands ${direction} (${room} is floor ${FLOORS[room]}): ` +
    'move what both need to a lower floor, or declare an interface here and let the other side implement it'
  );
}

/**
 * Each circle of imports once, as `a.ts → b.ts → a.ts`. Modules in a circle are loaded in an order that nobody chose.
 * `import type` does not count: it loads nothing, and a session and its server may well name each other's type.
 */
export function findCircles(files: readonly SourceFile[]): string[] {
  const loads = ({ imports }: SourceFile): string[] =>
    imports.flatMap(({ target, isErased }) => (isErased ? [] : (target ?? [])));
  const targets = new Map(files.map((file) => [file.path, loads(file)]));
  const done = new Set<string>();
  const trail: string[] = [];
  const circles: string[] = [];
  const visit = (path: string): void => {
    const seenAt = trail.indexOf(path);
    if (seenAt >= 0) {
      const circle = [...trail.slice(seenAt), path].join(' → ');
      circles.push(
        `${circle}: a circle; move what they share to a file of its own that imports neither, or import only the type`,
      );
    }
    if (seenAt >= 0 || done.has(path)) return;
    trail.push(path);
    for (const target of targets.get(path) ?? []) visit(target);
    trail.pop();
    done.add(path);
  };
  for (const path of [...targets.keys()].sort()) visit(path);
  return circles;
}
