package simclr.export.embed;

/** Where representations go, row by row; nothing is in its place before {@link #commit}. */
interface EmbeddingWriter extends AutoCloseable {

  /**
   * Writes an example.
   *
   * @param name of its file or record
   * @param label -1 without one
   */
  void write(String name, long label, float[] representation);

  /** Puts the files in their places. */
  void commit();

  /** Takes away what was not committed. */
  @Override
  void close();
}
