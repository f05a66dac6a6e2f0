/** What happens in a cluster, as one node sees it: for those who watch. Nodes are told by their ids, times by the turn. */
export type ClusterEvent =
  /** The handshake with a node is over. */
  | { readonly kind: 'joined'; readonly node: string }
  /** I cannot reach a node. */
  | { readonly kind: 'unreachable'; readonly node: string }
  /** A node has failed: a majority says so, as far as I know; or somebody has told me. */
  | { readonly kind: 'failed'; readonly node: string; readonly voices: number; readonly told: boolean }
  /** A failed node is well again. */
  | { readonly kind: 'recovered'; readonly node: string }
  /** I ask for votes. */
  | { readonly kind: 'election'; readonly epoch: number }
  /** I vote for a replica. */
  | { readonly kind: 'vote'; readonly epoch: number; readonly replica: string }
  /** Somebody has voted for me, in an epoch whose election is over. */
  | { readonly kind: 'late-vote'; readonly epoch: number }
  /** I have the votes of a majority. */
  | { readonly kind: 'elected'; readonly epoch: number; readonly votes: number }
  /** I am a master now, in the place of another one. */
  | { readonly kind: 'promoted'; readonly epoch: number; readonly master: string }
  /** I am the replica of a master now. */
  | { readonly kind: 'follows'; readonly master: string }
  /** For me, the cluster serves again or does not. */
  | { readonly kind: 'state'; readonly isOk: boolean };
