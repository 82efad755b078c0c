package simclr.parity;

import java.util.function.BiConsumer;

/** One format of golden files: reads a file and holds it against the product. */
@FunctionalInterface
interface GoldenCase {

  /**
   * Compares everything that the file holds.
   *
   * @param file the whole file; a field left unread is an error of the file
   */
  void check(Fields file, Checks checks);

  /** A file that is a list of cases, which do not depend on anything else in it. */
  static GoldenCase each(BiConsumer<Fields, Checks> check) {
    return (file, checks) -> {
      file.text("what");
      file.eachCase(golden -> check.accept(golden, checks));
    };
  }
}
