package simclr.parity;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import com.google.common.collect.ImmutableList;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.function.Consumer;
import simclr.config.UserException;

/** What came of several golden files. */
public record ParityReport(ImmutableList<FileReport> files) {

  /**
   * Checks files one after the other. All are opened first, so that a wrong name is not found out
   * after minutes of work.
   *
   * @param finished is told of every file when it is done
   * @throws UserException if a file is missing, is no golden file or holds something that is not
   *     understood
   */
  public static ParityReport check(List<Path> paths, Consumer<FileReport> finished) {
    List<GoldenFile> golden = paths.stream().map(GoldenFile::open).toList();
    ImmutableList.Builder<FileReport> reports = ImmutableList.builder();
    for (GoldenFile file : golden) {
      FileReport report = file.check();
      finished.accept(report);
      reports.add(report);
    }
    return new ParityReport(reports.build());
  }

  public long quantities() {
    return files.stream().mapToLong(file -> file.quantities().size()).sum();
  }

  public long failures() {
    return files.stream().mapToLong(FileReport::failures).sum();
  }

  public boolean holds() {
    return failures() == 0;
  }

  /** One line: {@code 1234 quantities in 5 files hold}, or how many fail. */
  public String summary() {
    String all =
        String.format(
            Locale.ROOT,
            "%d quantities in %d %s",
            quantities(),
            files.size(),
            files.size() == 1 ? "file" : "files");
    return holds() ? all + " hold" : failures() + " of " + all + " fail";
  }

  /** Every quantity, for programs. NaN and the infinities are text, as in the golden files. */
  public String json() {
    ObjectNode report = JsonNodeFactory.instance.objectNode();
    ArrayNode all = report.putArray("files");
    for (FileReport file : files) {
      ObjectNode node = all.addObject();
      node.put("file", file.file());
      node.put("kind", file.kind());
      node.put("holds", file.holds());
      node.put("seconds", file.seconds());
      file.notes().forEach(node.putArray("notes")::add);
      ArrayNode quantities = node.putArray("quantities");
      file.quantities().forEach(quantity -> put(quantities.addObject(), quantity));
    }
    report.put("quantities", quantities());
    report.put("failures", failures());
    report.put("holds", holds());
    return report.toPrettyString();
  }

  private static void put(ObjectNode node, Quantity quantity) {
    node.put("group", quantity.group());
    node.put("name", quantity.name());
    node.put("numbers", quantity.numbers());
    if (Double.isFinite(quantity.error())) {
      node.put("error", quantity.error());
    } else {
      node.put("error", Double.toString(quantity.error()));
    }
    node.put("tolerance", quantity.tolerance());
    node.put("holds", quantity.holds());
    node.put("worst", quantity.worst());
  }
}
