/**
 * Opens something with its first use, and gives the same from then on. One that could not be opened
 * is tried again by who asks next.
 */
export function openOnce<Opened>(open: () => Promise<Opened>): () => Promise<Opened> {
  let opened: Promise<Opened> | undefined;
  return () => {
    opened ??= open().catch((caught) => {
      opened = undefined;
      throw caught;
    });
    return opened;
  };
}
