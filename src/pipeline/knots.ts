// Which nodes of a graph lie on a circle: Tarjan's strongly connected components, without recursion,
// so that a chain of a hundred thousand does not end at the end of the stack. Pure.

interface Visit<T> {
  readonly node: T;
  readonly order: number;
  /** The earliest visit that can be reached and is still open. */
  lowest: number;
  open: boolean;
}

/** Every node that can be reached from itself. Needs that lead out of `nodes` are not followed. */
export function knotsOf<T>(nodes: readonly T[], needsOf: (node: T) => readonly T[]): ReadonlySet<T> {
  const among = new Set(nodes);
  const visits = new Map<T, Visit<T>>();
  const open: Visit<T>[] = [];
  const knotted = new Set<T>();
  const enter = (node: T): { visit: Visit<T>; needs: readonly T[]; next: number } => {
    const visit = { node, order: visits.size, lowest: visits.size, open: true };
    visits.set(node, visit);
    open.push(visit);
    return { visit, needs: needsOf(node), next: 0 };
  };
  for (const root of nodes) {
    if (visits.has(root)) continue;
    const path = [enter(root)];
    for (let top = path.at(-1); top !== undefined; top = path.at(-1)) {
      const { visit } = top;
      const need = top.needs[top.next++];
      if (need === undefined) {
        path.pop();
        const above = path.at(-1)?.visit;
        if (above) above.lowest = Math.min(above.lowest, visit.lowest);
        if (visit.lowest === visit.order) close(visit, open, knotted, top.needs);
      } else if (among.has(need)) {
        const seen = visits.get(need);
        if (seen === undefined) path.push(enter(need));
        else if (seen.open) visit.lowest = Math.min(visit.lowest, seen.order);
      }
    }
  }
  return knotted;
}

// A component is whole: more than one node, or one that needs itself, is a knot.
function close<T>(first: Visit<T>, open: Visit<T>[], knotted: Set<T>, needs: readonly T[]): void {
  const members: T[] = [];
  for (let last = open.pop(); last !== undefined; last = last === first ? undefined : open.pop()) {
    last.open = false;
    members.push(last.node);
  }
  if (members.length > 1 || needs.includes(first.node)) for (const member of members) knotted.add(member);
}
