package simclr.tools;

import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.TreeMap;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.condition.EnabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import simclr.io.NpyDtype;
import simclr.io.ResumableNpyWriter;
import simclr.io.Sha256;

/**
 * A disk that is full, breaks or becomes read-only while a command writes: {@code faults.c} lets
 * single calls of the command's process fail. A sample; {@code tools/bench/faults} takes every
 * call.
 */
@EnabledOnOs(OS.LINUX)
final class FaultsTest {
  private static final String MODEL =
      " --dataset=synthetic:train=8,test=4,size=16 --eval_split=test --image_size=16"
          + " --resnet_depth=18 --use_blur=false --train_batch_size=4 --warmup_epochs=0 --seed=1"
          + " --checkpoint_steps=1 --train_steps=";
  private static final Map<String, String> COMMANDS =
      Map.of(
          "pretrain",
          "pretrain --model_dir=OUT/run" + MODEL + "2",
          "export",
          "export --model_dir=IN/run --output=OUT/export --serving_config",
          "convert",
          "convert --from=IN/run --to=tf1 --output=OUT/converted",
          "embed",
          "embed IN/export --dataset=synthetic:train=8,test=4,size=16 --split=test"
              + " --output=OUT/rows.npy",
          "probe",
          "probe logreg --train_features=IN/f.npy --train_labels=IN/l.npy"
              + " --test_features=IN/f.npy --test_labels=IN/l.npy --l2_values=2"
              + " --output=OUT/probe",
          "sweep",
          "sweep IN/tiny.sweep --output=OUT/study");

  @TempDir static Path dir;
  private static Path library;
  private static Path in;
  private static Path out;

  private record Finished(int status, String err) {}

  @BeforeAll
  static void prepare() throws Exception {
    Path real = dir.toRealPath();
    in = Files.createDirectories(real.resolve("in"));
    out = real.resolve("out");
    library = real.resolve("faults.so");
    compile();
    succeed("pretrain --model_dir=IN/run" + MODEL + "1");
    succeed("export --model_dir=IN/run --output=IN/export");
    features();
    Files.write(
        in.resolve("tiny.sweep"),
        List.of(
            ("evaluation = probe layers=h"
                    + MODEL.replace("train=8,test=4", "train=16,test=8")
                    + "1")
                .replaceAll(" (?=--|layers)", "\n"),
            "[NT-Xent]",
            "--contrastive_loss=nt_xent"));
  }

  /**
   * One fault: the command ends with 73 and one sentence, nothing broken bears a name of the
   * result, and the same command then gives the bytes that it gives without a fault.
   *
   * @param number of the first call of its kind that fails; 0 for the last
   */
  @ParameterizedTest
  @CsvSource({
    "probe,   open,     1, EROFS,  from",
    "probe,   write,    0, ENOSPC, from",
    "probe,   fsync,    1, EIO,    once",
    "probe,   rename,   0, EIO,    once",
    "embed,   write,    2, ENOSPC, from",
    "embed,   rename,   0, EIO,    once",
    "convert, write,    3, ENOSPC, from",
    "convert, fsync,    0, EIO,    once",
    "convert, fsync,    0, EIO,    from",
    "export,  fsync,    0, EROFS,  from",
    "export,  rename,   0, EIO,    once",
    "pretrain, write,   9, ENOSPC, from",
    "pretrain, fsync,   4, EIO,    once",
    "pretrain, rename,  0, EROFS,  from",
    "sweep,   rename,   0, EIO,    once",
  })
  void sameCommandGoesOnToTheSameBytes(
      String command, String kind, int number, String error, String way) throws Exception {
    clear();
    Finished alone = start(command, Map.of("FAULTS_KIND", kind));
    assertThat(alone.status()).describedAs(alone.err()).isZero();
    Map<String, String> wanted = result();
    List<String> calls = calls(kind + " ok ");
    assertThat(calls).hasSizeGreaterThanOrEqualTo(Math.max(1, number));

    clear();
    Map<String, String> fault =
        new TreeMap<>(
            Map.of(
                "FAULTS_KIND", kind,
                "FAULTS_FROM", Integer.toString(number == 0 ? calls.size() : number),
                "FAULTS_ERRNO", error));
    if (way.equals("once")) {
      fault.put("FAULTS_ONCE", "1");
    }
    Finished failed = start(command, fault);
    assertThat(calls(kind + " " + error)).isNotEmpty();
    assertThat(failed.err()).doesNotContain("\tat ");
    assertThat(failed.err().lines().filter(line -> line.startsWith("simclr: "))).hasSize(1);
    assertThat(failed.status()).describedAs(failed.err()).isEqualTo(73);
    assertThat(wanted).containsAllEntriesOf(finished());

    succeed(line(command));
    assertThat(result()).isEqualTo(wanted);
  }

  private static void compile() throws Exception {
    Path source =
        Path.of(System.getProperty("simclr.testdata", "testdata"))
            .resolveSibling("tools/src/test/c/faults.c");
    ProcessBuilder command =
        new ProcessBuilder(
                "cc",
                "-shared",
                "-fPIC",
                "-O1",
                "-o",
                library.toString(),
                source.toString(),
                "-ldl")
            .redirectErrorStream(true);
    Process compiler;
    try {
      compiler = command.start();
    } catch (IOException e) {
      throw new AssertionError(
          "cc cannot be started (" + e + "), expected a C compiler: this test builds " + source, e);
    }
    String output = new String(compiler.getInputStream().readAllBytes(), UTF_8);
    assertThat(compiler.waitFor()).describedAs(output).isZero();
  }

  private static void features() {
    ByteBuffer rows = ByteBuffer.allocate(12 * 2 * 4).order(ByteOrder.LITTLE_ENDIAN);
    ByteBuffer labels = ByteBuffer.allocate(12 * 8).order(ByteOrder.LITTLE_ENDIAN);
    for (int i = 0; i < 12; i++) {
      rows.putFloat(i % 2 == 0 ? 1 + i : -1 - i).putFloat(i);
      labels.putLong(i % 2);
    }
    try (ResumableNpyWriter file =
            ResumableNpyWriter.matrix(in.resolve("f.npy"), NpyDtype.FLOAT32, 12, 2, 0);
        ResumableNpyWriter vector =
            ResumableNpyWriter.vector(in.resolve("l.npy"), NpyDtype.INT64, 12, 0)) {
      file.append(rows.flip());
      file.commit();
      vector.append(labels.flip());
      vector.commit();
    }
  }

  /** In this process: a JVM that is warm takes a fraction of the time. */
  private static void succeed(String line) {
    Outcome outcome = Outcome.of(arguments(line).toArray(String[]::new));
    assertThat(outcome.status()).describedAs(outcome.err()).isZero();
  }

  private static Finished start(String command, Map<String, String> fault) throws Exception {
    List<String> line =
        new ArrayList<>(
            List.of(
                Path.of(System.getProperty("java.home", ""), "bin", "java").toString(),
                "-Xmx1g",
                "-XX:+UseSerialGC",
                "-XX:TieredStopAtLevel=1",
                "-cp",
                System.getProperty("java.class.path", ""),
                "simclr.tools.Main"));
    line.addAll(arguments(line(command)));
    Files.deleteIfExists(log());
    ProcessBuilder builder = new ProcessBuilder(line);
    builder.environment().put("LD_PRELOAD", library.toString());
    builder.environment().put("FAULTS_BELOW", out.toString());
    builder.environment().put("FAULTS_LOG", log().toString());
    builder.environment().putAll(fault);
    Path errors = dir.resolve("errors");
    Process process =
        builder
            .redirectOutput(ProcessBuilder.Redirect.DISCARD)
            .redirectError(errors.toFile())
            .start();
    return new Finished(process.waitFor(), Files.readString(errors));
  }

  private static List<String> arguments(String line) {
    return Arrays.asList(line.replace("IN/", in + "/").replace("OUT/", out + "/").split(" "));
  }

  private static Path log() {
    return dir.resolve("calls");
  }

  private static List<String> calls(String start) throws IOException {
    return Files.readAllLines(log()).stream().filter(line -> line.startsWith(start)).toList();
  }

  private static void clear() throws IOException {
    if (Files.exists(out)) {
      try (Stream<Path> tree = Files.walk(out)) {
        for (Path path : tree.sorted(Comparator.reverseOrder()).toList()) {
          Files.delete(path);
        }
      }
    }
    Files.createDirectories(out);
  }

  /**
   * Hashes of all files below the output, without the times that stand in some. Event files are
   * left out: their names are times, and every start has its own.
   */
  private static Map<String, String> result() throws IOException {
    Map<String, String> found = new TreeMap<>();
    try (Stream<Path> tree = Files.walk(out)) {
      for (Path file : tree.filter(Files::isRegularFile).toList()) {
        String name = out.relativize(file).toString();
        if (!name.contains("events.out.tfevents") && !name.endsWith("/.lock")) {
          found.put(name, Sha256.ofText(withoutTimes(name, Files.readAllBytes(file))));
        }
      }
    }
    return found;
  }

  private static String withoutTimes(String name, byte[] content) {
    String text = new String(content, ISO_8859_1);
    if (name.endsWith("/checkpoint")) {
      return text.replaceAll("timestamps?: .*", "");
    }
    return name.endsWith(".json")
        ? text.replaceAll("\"(\\w*seconds\\w*|started|finished|created|date)\" *: *[^,}\\n]*", "")
        : text;
  }

  /** What bears a name of the result. The state file tells how far the run has come. */
  private static Map<String, String> finished() throws IOException {
    Map<String, String> found = result();
    found
        .keySet()
        .removeIf(
            name ->
                name.matches(
                        "(.*/)?\\..*\\.(tmp|lock)(\\.former)?(/.*)?|.*_temp/.*|.*\\.part(ial)?")
                    || name.endsWith("/checkpoint")
                    || name.endsWith("/progress.json"));
    return found;
  }

  private static String line(String command) {
    return Objects.requireNonNull(COMMANDS.get(command), command);
  }
}
