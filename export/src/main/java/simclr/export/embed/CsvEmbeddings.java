package simclr.export.embed;

import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import simclr.io.PendingFile;

/**
 * {@code F.csv} as in RFC 4180, in UTF-8: a line of titles ({@code name,label,h0,h1,...}), then one
 * line an example. Without labels that column is left out. The values read back as the same floats.
 */
final class CsvEmbeddings implements EmbeddingWriter {
  private final PendingFile file;
  private final boolean labelled;

  private CsvEmbeddings(PendingFile file, boolean labelled) {
    this.file = file;
    this.labelled = labelled;
  }

  static CsvEmbeddings open(Path path, int columns, boolean labelled) {
    CsvEmbeddings csv = new CsvEmbeddings(PendingFile.of(path), labelled);
    StringBuilder titles = new StringBuilder(labelled ? "name,label" : "name");
    for (int i = 0; i < columns; i++) {
      titles.append(",h").append(i);
    }
    csv.line(titles);
    return csv;
  }

  @Override
  public void write(String name, long label, float[] representation) {
    StringBuilder line = new StringBuilder(quoted(name));
    if (labelled) {
      line.append(',').append(label);
    }
    for (float value : representation) {
      line.append(',').append(value);
    }
    line(line);
  }

  @Override
  public void commit() {
    file.commit();
  }

  @Override
  public void close() {
    file.close();
  }

  private void line(StringBuilder line) {
    file.write(line.append("\r\n").toString().getBytes(StandardCharsets.UTF_8));
  }

  private static String quoted(String text) {
    boolean plain = text.chars().noneMatch(c -> c == ',' || c == '"' || c == '\n' || c == '\r');
    return plain ? text : '"' + text.replace("\"", "\"\"") + '"';
  }
}
