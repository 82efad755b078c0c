package simclr.export.embed;

import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import org.jspecify.annotations.Nullable;
import simclr.config.UserException;
import simclr.io.NpyWriter;
import simclr.io.PendingFile;

/**
 * {@code F.npy}: float32, one row an example; {@code F.names.txt}: the name of each row's example,
 * a line each; {@code F.labels.npy}: int64, where the data set has labels.
 */
final class NpyEmbeddings implements EmbeddingWriter {
  private final NpyWriter rows;
  private final PendingFile names;
  private final @Nullable NpyWriter labels;

  private NpyEmbeddings(NpyWriter rows, PendingFile names, @Nullable NpyWriter labels) {
    this.rows = rows;
    this.names = names;
    this.labels = labels;
  }

  static NpyEmbeddings open(Path file, long examples, int columns, boolean labelled) {
    NpyWriter rows = NpyWriter.floats(file, examples, columns);
    try {
      PendingFile names = PendingFile.of(beside(file, ".names.txt"));
      try {
        NpyWriter labels = labelled ? NpyWriter.longs(beside(file, ".labels.npy"), examples) : null;
        return new NpyEmbeddings(rows, names, labels);
      } catch (UserException e) {
        names.close();
        throw e;
      }
    } catch (UserException e) {
      rows.close();
      throw e;
    }
  }

  @Override
  public void write(String name, long label, float[] representation) {
    rows.row(representation);
    // A name with a line break would shift all that follow.
    names.write(
        (name.replace("\\", "\\\\").replace("\n", "\\n").replace("\r", "\\r") + "\n")
            .getBytes(StandardCharsets.UTF_8));
    if (labels != null) {
      labels.row(label);
    }
  }

  @Override
  public void commit() {
    names.commit();
    if (labels != null) {
      labels.commit();
    }
    // Last: who finds it finds the others.
    rows.commit();
  }

  @Override
  public void close() {
    rows.close();
    names.close();
    if (labels != null) {
      labels.close();
    }
  }

  private static Path beside(Path file, String suffix) {
    String name = file.getFileName().toString();
    return file.resolveSibling(name.substring(0, name.length() - ".npy".length()) + suffix);
  }
}
