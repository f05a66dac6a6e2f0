/** The package has no types of its own. */
declare module 'cluster-key-slot' {
  function slotOf(key: string | Buffer): number;
  export default slotOf;
}
