package simclr.parity;

import static java.util.Objects.requireNonNull;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import com.google.common.base.Throwables;
import com.google.common.collect.ImmutableList;
import com.google.common.util.concurrent.ExecutionError;
import com.google.common.util.concurrent.Futures;
import com.google.common.util.concurrent.UncheckedExecutionException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.function.Consumer;
import simclr.config.UserException;

/** What came of several golden files. */
public record ParityReport(ImmutableList<FileReport> files) {

  /** Files at a time; each holds a model, its gradients and slots in memory. */
  private static final int AT_ONCE = 4;

  /**
   * Checks files, a few at a time: most of the work is TensorFlow's preparation of graphs, which
   * takes one processor. All are opened first, so that a wrong name is not found out after minutes
   * of work.
   *
   * @param finished is told of every file when it is done, in the order of {@code paths}
   * @throws UserException if a file is missing, is not a golden file or holds something that is not
   *     understood
   */
  public static ParityReport check(List<Path> paths, Consumer<FileReport> finished) {
    List<GoldenFile> golden = paths.stream().map(GoldenFile::open).toList();
    int threads = Math.min(AT_ONCE, Runtime.getRuntime().availableProcessors());
    ExecutorService workers = Executors.newFixedThreadPool(threads);
    try {
      List<Future<FileReport>> checked = new ArrayList<>();
      golden.forEach(file -> checked.add(workers.submit(file::check)));
      ImmutableList.Builder<FileReport> reports = ImmutableList.builder();
      for (Future<FileReport> future : checked) {
        FileReport report = requireNonNull(Futures.getUnchecked(future));
        finished.accept(report);
        reports.add(report);
      }
      return new ParityReport(reports.build());
    } catch (UncheckedExecutionException e) {
      Throwables.throwIfUnchecked(requireNonNull(e.getCause()));
      throw e;
    } catch (ExecutionError e) {
      throw (Error) requireNonNull(e.getCause());
    } finally {
      workers.shutdownNow(); // those that wait; what is running ends by itself
    }
  }

  long quantities() {
    return files.stream().mapToLong(file -> file.quantities().size()).sum();
  }

  long failures() {
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
